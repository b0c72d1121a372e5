import { setImmediate as nextIteration } from 'node:timers/promises';

/** How long turns together may hold one iteration of the event loop before the next one waits for another. */
const HELD_MS = 4;

/**
 * Shares the event loop between turns. A turn whose parts are all at hand, as with a model that is no network call,
 * goes from one to the next without the loop coming round; several of them in a row would stop everybody else's
 * streams, uploads and timers for the sum of their work.
 */
export class LoopShare {
  #iterationBeganAt: number | undefined;

  /** Undefined where there is time left in this iteration; else resolves in one where there is. */
  wait(): Promise<void> | undefined {
    return this.#hasTime() ? undefined : this.#waitForTime();
  }

  async #waitForTime(): Promise<void> {
    do await nextIteration();
    while (!this.#hasTime());
  }

  #hasTime(): boolean {
    const now = performance.now();
    if (this.#iterationBeganAt !== undefined) return now - this.#iterationBeganAt < HELD_MS;
    this.#iterationBeganAt = now;
    setImmediate(() => {
      this.#iterationBeganAt = undefined;
    });
    return true;
  }
}
