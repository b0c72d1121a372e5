import { unlessAborted } from '../llms/unless-aborted.ts';

interface Flight {
  readonly vector: Promise<Float32Array>;
  readonly controller: AbortController;
  callers: number;
}

/**
 * One embedding for all who ask the same question at the same time, and the last ones kept. A caller who leaves
 * does not disturb the others; when the last one has left, the call is aborted.
 */
export class QueryFlights {
  readonly #flights = new Map<string, Flight>();
  /** The least recently used first. */
  readonly #kept = new Map<string, Float32Array>();
  readonly #maxKept: number;

  constructor(maxKept: number) {
    this.#maxKept = maxKept;
  }

  /** The vector of a question; `embed` is called only where nobody else has asked it. The vector is the caller's own. */
  async get(
    text: string,
    signal: AbortSignal | undefined,
    embed: (signal: AbortSignal) => Promise<Float32Array>,
  ): Promise<Float32Array> {
    signal?.throwIfAborted();
    const kept = this.#kept.get(text);
    if (kept !== undefined) {
      this.#keep(text, kept);
      return kept.slice();
    }
    const flight = this.#flights.get(text) ?? this.#start(text, embed);
    flight.callers += 1;
    try {
      return (await unlessAborted(flight.vector, signal)).slice();
    } finally {
      flight.callers -= 1;
      if (flight.callers === 0) {
        this.#forget(text, flight);
        flight.controller.abort(signal?.reason);
      }
    }
  }

  #start(text: string, embed: (signal: AbortSignal) => Promise<Float32Array>): Flight {
    const controller = new AbortController();
    const vector = embed(controller.signal);
    const flight: Flight = { vector, controller, callers: 0 };
    this.#flights.set(text, flight);
    void this.#settle(text, flight);
    return flight;
  }

  async #settle(text: string, flight: Flight): Promise<void> {
    try {
      this.#keep(text, await flight.vector);
    } catch {
      // Whoever waits for the flight hears of it.
    } finally {
      this.#forget(text, flight);
    }
  }

  /** A flight that everyone has left may have a successor by now, which stays. */
  #forget(text: string, flight: Flight): void {
    if (this.#flights.get(text) === flight) this.#flights.delete(text);
  }

  #keep(text: string, vector: Float32Array): void {
    this.#kept.delete(text);
    this.#kept.set(text, vector);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > this.#maxKept && oldest !== undefined) this.#kept.delete(oldest);
  }
}
