import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;

/** Begins to measure how late the event loop is; call the result to end, and to learn it in milliseconds. */
export function measureEventLoopLag(): () => { readonly p99Ms: number; readonly maxMs: number } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => {
    histogram.disable();
    // The histogram holds the time between two ticks, of which the resolution was intended.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    return { p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) };
  };
}
