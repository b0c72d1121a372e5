import { describe, expect, it } from 'vitest';
import { FaultOrders } from './bedrock-faults.ts';
import { seededRandom } from './seeded-random.ts';

describe('ordered faults', () => {
  const model = { modelId: 'm' };

  it('come in the order in which they were ordered, each as often as it was', () => {
    const orders = new FaultOrders(seededRandom(1));
    orders.add({ kind: 'throttle', times: 2 });
    orders.add({ kind: 'reset-before', times: 1 });
    const kinds = Array.from({ length: 5 }, () => orders.take(model)?.kind);
    expect(kinds).toEqual(['throttle', 'throttle', 'reset-before', undefined, undefined]);
  });

  it('come at their rate, at the same requests for the same seed, until they are cleared', () => {
    const run = (): number[] => {
      const orders = new FaultOrders(seededRandom(7));
      orders.add({ kind: 'throttle', rate: 0.25 });
      const hit = Array.from({ length: 400 }, (_, index) => (orders.take(model) === undefined ? -1 : index));
      orders.clear();
      expect(orders.take(model)).toBeUndefined();
      return hit.filter((index) => index >= 0);
    };
    const hits = run();
    expect(hits.length).toBeGreaterThan(60);
    expect(hits.length).toBeLessThan(140);
    expect(run()).toEqual(hits);
  });

  it('keep to their model', () => {
    const orders = new FaultOrders(seededRandom(1));
    orders.add({ kind: 'throttle', modelId: 'other' });
    expect(orders.take(model)).toBeUndefined();
    expect(orders.take({ modelId: 'other' })?.kind).toBe('throttle');
  });

  it('are refused where they make no sense', () => {
    const orders = new FaultOrders(seededRandom(1));
    expect(() => orders.add({ kind: 'throttle', rate: 2 })).toThrow(/rate/);
    expect(() => orders.add({ kind: 'nothing' as never })).toThrow(/kind/);
  });
});
