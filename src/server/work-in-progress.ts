import { CitestreamError } from '../errors.ts';

/** Work that a server has begun and has to end before it closes; each piece can be aborted. */
export class WorkInProgress {
  readonly #controllers = new Set<AbortController>();
  readonly #waiting = new Set<() => void>();

  /** Registers a piece until it is disposed; its signal aborts when the server can wait no longer. */
  begin(): { readonly controller: AbortController } & Disposable {
    const controller = new AbortController();
    this.#controllers.add(controller);
    return {
      controller,
      [Symbol.dispose]: () => {
        this.#controllers.delete(controller);
        if (this.#controllers.size === 0) for (const wake of this.#waiting) wake();
      },
    };
  }

  /** True when everything has ended, false when that takes longer than `timeoutMs`. */
  async ended(timeoutMs: number): Promise<boolean> {
    if (this.#controllers.size === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = (): void => resolve(true);
    this.#waiting.add(wake);
    const timer = setTimeout(() => resolve(false), timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(wake);
    }
  }

  abortAll(): void {
    const reason = new CitestreamError('SHUTTING_DOWN', 'The server is shutting down.');
    for (const controller of this.#controllers) controller.abort(reason);
  }
}
