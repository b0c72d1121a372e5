import type { CitestreamError } from '../errors.ts';
import { type Clock, systemClock } from './clock.ts';

/**
 * A signal that is aborted with the one above it, or when a time-out passes; what is waited for through it ends then,
 * even where the one waited for does not listen. Dispose it when the work is over: nothing of it stays behind.
 */
export class LimitedSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #above: AbortSignal | undefined;
  readonly #clock: Clock;
  #rejectWaiting: ((reason: unknown) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #timerAtMs = 0;
  #deadlineMs = Infinity;
  #tooLate: (() => CitestreamError) | undefined;

  constructor(above: AbortSignal | undefined, clock: Clock = systemClock) {
    this.#above = above;
    this.#clock = clock;
    if (above?.aborted === true) this.abort(above.reason);
    else above?.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts with an error when so much time passes from now on; takes the place of the limit before. */
  limit(milliseconds: number, tooLate: () => CitestreamError): void {
    if (this.signal.aborted) return;
    this.#deadlineMs = this.#clock.now() + milliseconds;
    this.#tooLate = tooLate;
    // A timer that is due before the deadline is kept and moved on when it is due: no timer is made for a token.
    if (this.#cancelTimer !== undefined && this.#timerAtMs <= this.#deadlineMs) return;
    this.#cancelTimer?.();
    this.#arm(milliseconds);
  }

  /** Lifts the limit: the time until the next one is not the provider's. */
  unlimit(): void {
    this.#deadlineMs = Infinity;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
    this.#stopTimer();
    this.#rejectWaiting?.(reason);
  }

  /** Gives what a promise gives, or rejects with the reason as soon as the signal is aborted; one wait at a time. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    const { promise: waited, resolve, reject } = Promise.withResolvers<T>();
    // No race with one promise for all waits: it would keep every value until the call is over.
    promise.then(resolve, reject);
    if (this.signal.aborted) reject(this.signal.reason);
    else this.#rejectWaiting = reject;
    return waited;
  }

  [Symbol.dispose](): void {
    this.#stopTimer();
    this.#above?.removeEventListener('abort', this.#follow);
  }

  readonly #follow = (): void => this.abort(this.#above?.reason);

  #arm(milliseconds: number): void {
    this.#timerAtMs = this.#clock.now() + milliseconds;
    this.#cancelTimer = this.#clock.after(milliseconds, () => this.#due());
  }

  #due(): void {
    this.#cancelTimer = undefined;
    const leftMs = this.#deadlineMs - this.#clock.now();
    // Timers may be early by less than a millisecond.
    if (leftMs < 1) this.abort(this.#tooLate?.());
    else if (leftMs < Infinity) this.#arm(leftMs);
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
