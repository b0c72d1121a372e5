import { setImmediate as nextIteration } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { LoopShare } from './loop-share.ts';

/** Work that holds the loop: as long as the clock says, whatever the machine. */
function hold(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('LoopShare', () => {
  it('makes nobody wait who holds the loop only shortly', () => {
    expect(new LoopShare().wait()).toBeUndefined();
  });

  it('lets the loop come round between turns that each hold it for long', async () => {
    const loop = new LoopShare();
    const order: string[] = [];
    const turn = async (name: string): Promise<void> => {
      for (let step = 0; step < 3; step += 1) {
        const wait = loop.wait();
        if (wait !== undefined) await wait;
        order.push(name);
        hold(5);
      }
    };
    const over = new AbortController();
    const otherWork = async (): Promise<void> => {
      for (; !over.signal.aborted; await nextIteration()) order.push('|');
    };
    const other = otherWork();
    await Promise.all([turn('a'), turn('b'), turn('c')]);
    over.abort();
    await other;
    // Never two steps of turns in one iteration, and every turn comes to its end.
    expect(order.join('')).not.toMatch(/[abc]{2}/);
    expect(order.filter((name) => name !== '|').sort()).toEqual([...'aaabbbccc']);
  });

  it('counts each iteration anew', async () => {
    const loop = new LoopShare();
    expect(loop.wait()).toBeUndefined();
    hold(5);
    await nextIteration();
    expect(loop.wait()).toBeUndefined();
  });
});
