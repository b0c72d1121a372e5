import { performance } from 'node:perf_hooks';

/** Something that goes on at a certain time. */
export interface Paced {
  /** Called when its time has come; gives the time at which it goes on, or nothing when it has ended. */
  readonly onDue: (nowMs: number) => number | undefined;
  /** Set to true to be called no more. */
  isCancelled: boolean;
}

/**
 * One clock for all streams of a process: a timer for every 4 ms in which something is due, rather than a timer for every
 * token of every stream. Times are those of `performance.now()`.
 */
export class Pace {
  static readonly SLOT_MS = 4;
  readonly #slots = new Map<number, Paced[]>();
  #timer: NodeJS.Timeout | undefined;
  /** The slot that the timer waits for. */
  #awaited = Number.POSITIVE_INFINITY;

  /** Calls `paced.onDue` at this time, never earlier; a time that is over is the next possible one. */
  schedule(paced: Paced, atMs: number): void {
    const slot = Math.ceil(Math.max(atMs, performance.now()) / Pace.SLOT_MS);
    const waiting = this.#slots.get(slot);
    if (waiting === undefined) this.#slots.set(slot, [paced]);
    else waiting.push(paced);
    if (slot < this.#awaited) this.#await(slot);
  }

  /** Calls nothing any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#slots.clear();
    this.#awaited = Number.POSITIVE_INFINITY;
  }

  #await(slot: number): void {
    clearTimeout(this.#timer);
    this.#awaited = slot;
    this.#timer = setTimeout(() => this.#run(), Math.max(1, slot * Pace.SLOT_MS - performance.now()));
  }

  #run(): void {
    this.#awaited = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const last = Math.floor(now / Pace.SLOT_MS);
    const due = [...this.#slots.keys()].filter((slot) => slot <= last).sort((a, b) => a - b);
    for (const slot of due) {
      const waiting = this.#slots.get(slot) ?? [];
      this.#slots.delete(slot);
      for (const paced of waiting) {
        const next = paced.isCancelled ? undefined : paced.onDue(now);
        if (next !== undefined) this.schedule(paced, next);
      }
    }
    let earliest = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots.keys()) earliest = Math.min(earliest, slot);
    if (earliest < this.#awaited) this.#await(earliest);
  }
}
