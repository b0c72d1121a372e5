import { CitestreamError } from '../errors.ts';

/** How many calls may be under way, and how many may wait. */
export interface AdaptiveConcurrencyOptions {
  /** Whose calls they are, for the sentence of a refusal. */
  readonly name: string;
  /** Throttling never lowers the limit below. */
  readonly min: number;
  /** Where the limit begins, and the highest it rises to. */
  readonly max: number;
  /** Beyond so many that wait, a call is refused. */
  readonly maxQueued: number;
}

/** A place among the calls that are under way. */
export interface CallSlot {
  /** The provider has begun to answer. */
  succeeded(): void;
  /** The provider said that it gets too much. */
  throttled(): void;
  /** Gives the place to the next; only the first time counts. */
  release(): void;
}

/**
 * Keeps as many calls under way as the provider bears (AIMD): throttling halves the limit, and as many successes as the
 * limit is raise it by one. Further calls wait in order.
 */
export class AdaptiveConcurrency {
  readonly #options: AdaptiveConcurrencyOptions;
  /** A set keeps the order, and leaving it does not cost its length. */
  readonly #queue = new Set<() => void>();
  #limit: number;
  #running = 0;
  #successes = 0;
  /** Counts the cuts: calls that began before the last one tell nothing new when they are throttled as well. */
  #cuts = 0;

  constructor(options: AdaptiveConcurrencyOptions) {
    this.#options = options;
    this.#limit = options.max;
  }

  get limit(): number {
    return this.#limit;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** Waits for a place; throws OVERLOADED where too many wait already, and the signal's reason when it is aborted. */
  async enter(signal: AbortSignal): Promise<CallSlot> {
    signal.throwIfAborted();
    if (this.#running < this.#limit) this.#running += 1;
    else await this.#wait(signal);
    return this.#slot();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { name, maxQueued } = this.#options;
    if (this.#queue.size >= maxQueued) {
      throw new CitestreamError(
        'OVERLOADED',
        `${this.#running} calls of ${name} are under way and ${this.#queue.size} wait. Try again later, or raise generation.maxConcurrent or generation.maxQueued.`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      // Not there any more: the place was given in the same moment, and is the caller's to give back.
      if (this.#queue.delete(resolve)) reject(signal.reason as Error);
    };
    this.#queue.add(resolve);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #slot(): CallSlot {
    const cuts = this.#cuts;
    let isReleased = false;
    return {
      succeeded: () => {
        this.#successes += 1;
        if (this.#successes < this.#limit) return;
        this.#successes = 0;
        this.#limit = Math.min(this.#options.max, this.#limit + 1);
        this.#admit();
      },
      throttled: () => {
        if (cuts !== this.#cuts) return;
        this.#cuts += 1;
        this.#successes = 0;
        // Half of what was under way: half of a limit that nobody had reached would change nothing.
        const borne = Math.min(this.#limit, this.#running);
        this.#limit = Math.max(this.#options.min, Math.floor(borne / 2));
      },
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#running -= 1;
        this.#admit();
      },
    };
  }

  #admit(): void {
    for (const take of this.#queue) {
      if (this.#running >= this.#limit) return;
      this.#queue.delete(take);
      this.#running += 1;
      take();
    }
  }
}
