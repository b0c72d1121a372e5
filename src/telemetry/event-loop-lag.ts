import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const NANOSECONDS_PER_MS = 1e6;

/** How late the event loop was, in milliseconds; all zero where nothing was sampled. */
export interface EventLoopLagFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Watches how late the event loop runs its timers: what every stream of the process has to wait. */
export interface EventLoopLag extends Disposable {
  /** The figures since the start or the last `reset`. */
  read(): EventLoopLagFigures;
  /** Begins a new measurement. */
  reset(): void;
}

/** Starts watching at a resolution of 10 ms; dispose it to stop. */
export function watchEventLoopLag(): EventLoopLag {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // The histogram holds whole intervals between samples, so an idle loop reads as the resolution.
  const lagMs = (nanoseconds: number): number =>
    Math.max(0, nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS);
  return {
    read() {
      if (histogram.count === 0) return { p50Ms: 0, p99Ms: 0, maxMs: 0 };
      return {
        p50Ms: lagMs(histogram.percentile(50)),
        p99Ms: lagMs(histogram.percentile(99)),
        maxMs: lagMs(histogram.max),
      };
    },
    reset: () => histogram.reset(),
    [Symbol.dispose]: () => {
      histogram.disable();
    },
  };
}
