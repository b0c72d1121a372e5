import { describe, expect, it } from 'vitest';
import { estimateMean, ndcgAt, recallAt, reciprocalRankAt } from './metrics.ts';

const relevance = new Map([
  ['a', 3],
  ['b', 2],
  ['c', 1],
  ['d', 0],
  ['e', -1],
]);

describe('ndcgAt', () => {
  it('is 1 for the best order and 0 for none that is relevant', () => {
    expect(ndcgAt(10, ['a', 'b', 'c'], relevance)).toBeCloseTo(1, 12);
    expect(ndcgAt(10, ['d', 'e', 'x'], relevance)).toBe(0);
    expect(ndcgAt(10, [], relevance)).toBe(0);
  });

  it('has the relevance as gain, discounted by the logarithm of the rank, as trec_eval does', () => {
    // (1/log2(2) + 3/log2(3) + 2/log2(5)) / (3/log2(2) + 2/log2(3) + 1/log2(4))
    const expected = (1 + 3 / Math.log2(3) + 2 / Math.log2(5)) / (3 + 2 / Math.log2(3) + 0.5);
    expect(ndcgAt(10, ['c', 'a', 'd', 'b'], relevance)).toBeCloseTo(expected, 12);
    expect(expected).toBeCloseTo(0.7884, 4);
  });

  it('counts the first k alone, of the ranking and of the ideal', () => {
    expect(ndcgAt(1, ['b', 'a'], relevance)).toBeCloseTo(2 / 3, 12);
    expect(ndcgAt(1, ['a'], relevance)).toBe(1);
  });
});

describe('recallAt', () => {
  it('is the share of the relevant among the first k', () => {
    expect(recallAt(2, ['a', 'd', 'b'], relevance)).toBeCloseTo(1 / 3, 12);
    expect(recallAt(3, ['a', 'd', 'b'], relevance)).toBeCloseTo(2 / 3, 12);
    expect(recallAt(3, ['a'], new Map([['x', 0]]))).toBe(0);
  });
});

describe('reciprocalRankAt', () => {
  it('is one over the rank of the first relevant', () => {
    expect(reciprocalRankAt(10, ['d', 'e', 'c', 'a'], relevance)).toBeCloseTo(1 / 3, 12);
    expect(reciprocalRankAt(2, ['d', 'e', 'c'], relevance)).toBe(0);
  });
});

describe('estimateMean', () => {
  it('gives the mean and an interval around it, the same each time', () => {
    const values = Array.from({ length: 100 }, (_, n) => n % 2);
    const estimate = estimateMean(values);
    expect(estimate.mean).toBe(0.5);
    // The standard error of a fair coin over 100 throws is 0.05.
    expect(estimate.low).toBeCloseTo(0.5 - 1.96 * 0.05, 1);
    expect(estimate.high).toBeCloseTo(0.5 + 1.96 * 0.05, 1);
    expect(estimateMean(values)).toEqual(estimate);
    const spread = values.map((_, n) => Math.sqrt(n));
    expect(estimateMean(spread, { seed: 2 })).not.toEqual(estimateMean(spread));
  });

  it('is certain where all values are equal', () => {
    expect(estimateMean([0.25, 0.25])).toEqual({ mean: 0.25, low: 0.25, high: 0.25 });
  });
});
