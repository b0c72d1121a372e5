import { array, assert, integer, property, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScoredChunk } from '../documents/document.ts';
import { reciprocalRankFusion } from './reciprocal-rank-fusion.ts';

const chunk = (id: string, score = 1): ScoredChunk => ({
  chunk: {
    id,
    index: 0,
    text: id,
    start: 0,
    end: 1,
    tokens: 1,
    documentId: id,
    title: '',
    uri: '',
    metadata: {},
  },
  score,
});
const ids = (chunks: readonly ScoredChunk[]) => chunks.map((each) => each.chunk.id);
const ranking = uniqueArray(integer({ min: 0, max: 9 }), { maxLength: 8 }).map((numbers) =>
  numbers.map((number) => chunk(String(number), number)),
);

describe('reciprocalRankFusion', () => {
  it('scores by rank alone', () => {
    const fused = reciprocalRankFusion([
      [chunk('a', 900), chunk('b', 3)],
      [chunk('b', 0.2), chunk('c', 0.1)],
    ]);
    expect(ids(fused)).toEqual(['b', 'a', 'c']);
    expect(fused.map(({ score }) => score)).toEqual([1 / 62 + 1 / 61, 1 / 61, 1 / 62]);
  });

  it('takes another k', () => {
    expect(reciprocalRankFusion([[chunk('a')]], { k: 0 })[0]?.score).toBe(1);
  });

  it('keeps the order of first appearance in ties', () => {
    expect(ids(reciprocalRankFusion([[chunk('x')], [chunk('y')]]))).toEqual(['x', 'y']);
  });

  it('has each chunk once, best first, and keeps a single ranking as it is', () => {
    assert(
      property(array(ranking, { maxLength: 4 }), (rankings) => {
        const fused = reciprocalRankFusion(rankings);
        expect(new Set(ids(fused))).toEqual(new Set(rankings.flatMap(ids)));
        expect(ids(fused)).toHaveLength(new Set(ids(fused)).size);
        const scores = fused.map(({ score }) => score);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        const [only] = rankings;
        if (rankings.length === 1 && only !== undefined) expect(ids(fused)).toEqual(ids(only));
      }),
    );
  });

  it('ranks a chunk no worse for being higher in one ranking', () => {
    assert(
      property(ranking, ranking, integer({ min: 1, max: 7 }), (first, second, at) => {
        const raised = first[at];
        if (raised === undefined) return;
        const better = [raised, ...first.filter((each) => each !== raised)];
        const place = (rankings: readonly (readonly ScoredChunk[])[]) =>
          reciprocalRankFusion(rankings).find((each) => each.chunk.id === raised.chunk.id)?.score ?? 0;
        expect(place([better, second])).toBeGreaterThan(place([first, second]));
      }),
    );
  });
});
