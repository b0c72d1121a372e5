import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { AdaptiveConcurrency, type CallSlot } from './adaptive-concurrency.ts';

const { signal: never } = new AbortController();

const make = (bounds: { min?: number; max?: number; maxQueued?: number } = {}): AdaptiveConcurrency =>
  new AdaptiveConcurrency({ name: 'llm', min: 1, max: 8, maxQueued: 100, ...bounds });

const settled = async (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('AdaptiveConcurrency', () => {
  it('halves once for all the calls that one moment of throttling hits', async () => {
    const concurrency = make();
    const slots = await Promise.all(Array.from({ length: 8 }, async () => concurrency.enter(never)));
    for (const slot of slots) slot.throttled();
    expect(concurrency.limit).toBe(4);
  });

  it('halves what is under way where the limit was never reached, and not below its least', async () => {
    const concurrency = make({ min: 2, max: 1000 });
    const slots = await Promise.all(Array.from({ length: 10 }, async () => concurrency.enter(never)));
    slots[0]?.throttled();
    expect(concurrency.limit).toBe(5);
    for (const slot of slots) slot.release();
    (await concurrency.enter(never)).throttled();
    expect(concurrency.limit).toBe(2);
  });

  it('rises by one with every window of successes, up to its most', async () => {
    const concurrency = make({ max: 4 });
    const slots = await Promise.all(Array.from({ length: 4 }, async () => concurrency.enter(never)));
    slots[0]?.throttled();
    const limits: number[] = [];
    for (let success = 0; success < 9; success += 1) {
      slots[0]?.succeeded();
      limits.push(concurrency.limit);
    }
    expect(limits).toEqual([2, 3, 3, 3, 4, 4, 4, 4, 4]);
  });

  it('keeps its bounds, the order of the queue and every place, whatever happens', async () => {
    const step = fc.record({
      kind: fc.constantFrom('enter', 'enter', 'release', 'throttled', 'succeeded', 'leave'),
      at: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const concurrency = make({ max: 4, maxQueued: 5 });
        const held: CallSlot[] = [];
        const entered: number[] = [];
        const unexpected: unknown[] = [];
        const waiting = new Map<number, AbortController>();
        for (const [id, { kind, at }] of steps.entries()) {
          if (kind === 'enter') {
            const controller = new AbortController();
            const mayWait = concurrency.queued < 5;
            waiting.set(id, controller);
            const enter = async (): Promise<void> => {
              try {
                const slot = await concurrency.enter(controller.signal);
                entered.push(id);
                held.push(slot);
              } catch (error) {
                const refused = [mayWait, (error as { code?: string }).code];
                if (!controller.signal.aborted)
                  unexpected.push(...(String(refused) === 'false,OVERLOADED' ? [] : [error]));
              } finally {
                waiting.delete(id);
              }
            };
            void enter();
          } else if (kind === 'leave')
            [...waiting.values()][at % Math.max(1, waiting.size)]?.abort(new Error());
          else if (kind === 'release') held.splice(at % Math.max(1, held.length), 1)[0]?.release();
          else held[at % Math.max(1, held.length)]?.[kind]();
          // Sometimes several things happen in the same moment.
          if (at % 3 > 0) await settled();
          expect(concurrency.limit).toBeGreaterThanOrEqual(1);
          expect(concurrency.limit).toBeLessThanOrEqual(4);
          expect(concurrency.running).toBeLessThanOrEqual(4);
          expect(concurrency.queued).toBeLessThanOrEqual(5);
        }
        await settled();
        while (held.length > 0 || waiting.size > 0) {
          for (const slot of held.splice(0)) slot.release();
          await settled();
        }
        expect([concurrency.running, concurrency.queued]).toEqual([0, 0]);
        expect(unexpected).toEqual([]);
        expect(entered).toEqual([...entered].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});
