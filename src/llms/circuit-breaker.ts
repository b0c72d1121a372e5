import { CitestreamError } from '../errors.ts';
import { type Clock, systemClock } from './clock.ts';

/** When a provider is left alone, and for how long. */
export interface CircuitBreakerOptions {
  /** Whose circuit it is, for the sentence of a refusal. */
  readonly name: string;
  /** After so many failures in a row it opens. */
  readonly maxFailures: number;
  /** How long it stays open before one call tries again. */
  readonly openMs: number;
  readonly clock?: Clock;
}

/** A call that the circuit has let through; only what is said first counts. */
export interface CircuitPass {
  /** The provider has answered, be it that it refuses. */
  answered(): void;
  /** The provider was not there. */
  failed(): void;
  /** Nobody waited to hear. */
  left(): void;
}

/**
 * Refuses calls at once while a provider is down, and lets a single one find out whether it is back. Not cockatiel's:
 * there the calls beside that one wait for it, deaf to their signals, a call that is left counts as answered, a refusal
 * does not say how long it holds, and the clock cannot be given.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #clock: Clock;
  #failures = 0;
  #openUntilMs: number | undefined;
  #isProbing = false;
  /** Counts openings and closings: what a call from before one of them says is old. */
  #turns = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#openUntilMs === undefined) return 'closed';
    return this.#clock.now() < this.#openUntilMs ? 'open' : 'half-open';
  }

  /** Throws UPSTREAM_UNAVAILABLE where `enter` would. */
  check(): void {
    if (this.#openUntilMs === undefined) return;
    const waitMs = this.#openUntilMs - this.#clock.now();
    if (waitMs <= 0 && !this.#isProbing) return;
    const when =
      waitMs > 0 ? `in ${Math.ceil(waitMs / 1000)} s` : 'when the call that tries it now is answered';
    throw new CitestreamError(
      'UPSTREAM_UNAVAILABLE',
      `${this.#options.name} failed ${this.#options.maxFailures} times in a row and is not asked for now. Try again ${when}.`,
    );
  }

  enter(): CircuitPass {
    this.check();
    const isProbe = this.#openUntilMs !== undefined;
    const turn = this.#turns;
    this.#isProbing = isProbe;
    let isOver = false;
    const end = (say: () => void) => (): void => {
      if (isOver) return;
      isOver = true;
      if (turn !== this.#turns) return;
      if (isProbe) this.#isProbing = false;
      say();
    };
    return {
      answered: end(() => {
        this.#failures = 0;
        if (isProbe) this.#turn(undefined);
      }),
      failed: end(() => {
        this.#failures += 1;
        const isDown = isProbe || this.#failures >= this.#options.maxFailures;
        if (isDown) this.#turn(this.#clock.now() + this.#options.openMs);
      }),
      left: end(() => {}),
    };
  }

  #turn(openUntilMs: number | undefined): void {
    this.#turns += 1;
    this.#failures = 0;
    this.#openUntilMs = openUntilMs;
  }
}
