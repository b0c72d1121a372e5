import { setTimeout as wait } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { watchEventLoopLag } from './event-loop-lag.ts';

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('the event-loop lag', () => {
  it('is zero before anything was sampled', () => {
    using lag = watchEventLoopLag();
    expect(lag.read()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });

  it('shows what blocked the loop, until it is reset', async () => {
    using lag = watchEventLoopLag();
    // The first sample needs one turn of the loop to measure from.
    await wait(30);
    block(120);
    await wait(30);
    const { p50Ms, p99Ms, maxMs } = lag.read();
    expect(maxMs).toBeGreaterThan(90);
    expect(p99Ms).toBeLessThanOrEqual(maxMs);
    expect(p50Ms).toBeLessThanOrEqual(p99Ms);
    lag.reset();
    expect(lag.read()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });
});
