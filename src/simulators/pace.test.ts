import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

describe('the pace', () => {
  it('calls nothing before its time, and everything in the order of its times', async () => {
    const pace = new Pace();
    const begun = performance.now();
    const seen: { readonly asked: number; readonly nowMs: number }[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const asked of [40, 10, 25]) {
      pace.schedule(
        {
          isCancelled: false,
          onDue: (nowMs) => {
            seen.push({ asked, nowMs: nowMs - begun });
            if (seen.length === 3) resolve();
            return undefined;
          },
        },
        begun + asked,
      );
    }
    await promise;
    expect(seen.map(({ asked }) => asked)).toEqual([10, 25, 40]);
    for (const { asked, nowMs } of seen) expect(nowMs).toBeGreaterThanOrEqual(asked);
  });

  it('goes on for as long as a next time is given, and never once it is cancelled or stopped', async () => {
    const pace = new Pace();
    let calls = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const never = { isCancelled: true, onDue: () => void (calls += 1000) };
    pace.schedule(never, 0);
    pace.schedule(
      {
        isCancelled: false,
        onDue: (nowMs) => {
          calls += 1;
          if (calls < 5) return nowMs;
          resolve();
          return undefined;
        },
      },
      0,
    );
    await promise;
    expect(calls).toBe(5);

    const other = new Pace();
    other.schedule({ isCancelled: false, onDue: () => void (calls += 1000) }, performance.now() + 5);
    other.stop();
    const later = Promise.withResolvers<void>();
    pace.schedule({ isCancelled: false, onDue: () => later.resolve() as undefined }, performance.now() + 20);
    await later.promise;
    expect(calls).toBe(5);
  });
});
