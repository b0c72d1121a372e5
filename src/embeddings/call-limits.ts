import { CitestreamError } from '../errors.ts';
import type { Sleep } from '../llms/retry-with-jitter.ts';
import { unlessAborted } from '../llms/unless-aborted.ts';

/**
 * Runs one call and gives it up after a while with TIMEOUT, or at once when the signal is aborted; then the call is
 * aborted, and what it still gives is dropped even where it does not listen.
 */
export async function withinTime<T>(
  { timeoutMs, what, signal, sleep }: { timeoutMs: number; what: string; signal: AbortSignal; sleep: Sleep },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = new AbortController();
  const timer = new AbortController();
  const abort = (): void => call.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', abort, { once: true });
  sleep(timeoutMs, timer.signal).then(
    () =>
      call.abort(
        new CitestreamError(
          'TIMEOUT',
          `${what} did not answer within ${timeoutMs / 1000} s. Raise embedding.timeoutMs if it is only slow.`,
        ),
      ),
    () => {},
  );
  try {
    const result = work(call.signal);
    // Whoever gave the call up does not hear how it ended.
    result.catch(() => {});
    return await unlessAborted(result, call.signal);
  } catch (error) {
    // A client's own words for an abort say less than the reason of it.
    call.signal.throwIfAborted();
    throw error;
  } finally {
    timer.abort();
    signal.removeEventListener('abort', abort);
  }
}

interface Waiting {
  readonly take: () => void;
}

/** Lets a bounded number of calls run at once; the others wait in order, urgent ones before the rest. */
export class CallSlots {
  readonly #maxWaiting: number;
  readonly #urgent: Waiting[] = [];
  readonly #waiting: Waiting[] = [];
  #free: number;

  /** More than `maxWaiting` of one kind are refused with OVERLOADED. */
  constructor(slots: number, maxWaiting: number) {
    this.#free = slots;
    this.#maxWaiting = maxWaiting;
  }

  async run<T>(
    work: () => Promise<T>,
    { signal, isUrgent }: { readonly signal: AbortSignal; readonly isUrgent: boolean },
  ): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(isUrgent ? this.#urgent : this.#waiting, signal);
    try {
      return await work();
    } finally {
      const next = this.#urgent.shift() ?? this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next.take();
    }
  }

  async #wait(queue: Waiting[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (queue.length >= this.#maxWaiting) {
      throw new CitestreamError(
        'OVERLOADED',
        `${queue.length} calls already wait for the embedder: try again later, or raise embedding.maxParallel.`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { take: resolve };
    const leave = (): void => {
      const at = queue.indexOf(waiting);
      // Not there any more: the slot was given in the same moment, and is kept.
      if (at === -1) return;
      queue.splice(at, 1);
      reject(signal.reason);
    };
    queue.push(waiting);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
