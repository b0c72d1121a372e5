import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentTerms, queryTerms, termIndex, terms } from './bm25-terms.ts';

const weightOf = (vector: ReturnType<typeof queryTerms>, term: string): number | undefined =>
  vector.values[vector.indices.indexOf(termIndex(term))];

describe('terms', () => {
  it('are stems without function words, alike for documents and questions', () => {
    expect(terms('What is the Flow of shock WAVES?')).toEqual(['flow', 'shock', 'wave']);
    expect(documentTerms('the waves').indices).toEqual(queryTerms('A wave').indices);
  });

  it('are none where a text has only function words, signs or nothing', () => {
    for (const text of ['', '  ', 'the of and', '?!', '\u0000']) {
      expect(queryTerms(text)).toEqual({ indices: [], values: [] });
    }
  });
});

describe('termIndex', () => {
  it('is MurmurHash3 with seed 0, by the published values', () => {
    expect([termIndex(''), termIndex('test'), termIndex('Hello, world!'), termIndex('abc')]).toEqual([
      0x00000000, 0xba6bd213, 0xc0363e43, 0xb3dd93fa,
    ]);
    expect(termIndex('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723);
  });

  it('gives 50,000 terms nearly as many places', () => {
    const places = new Set(Array.from({ length: 50_000 }, (_, n) => termIndex(`term${n}`)));
    expect(places.size).toBeGreaterThan(49_990);
  });
});

describe('documentTerms', () => {
  it('weighs by BM25: k1 and b, without the rarity', () => {
    const vector = documentTerms('wave wave shock', { k1: 1.2, b: 0.75, averageTerms: 3 });
    expect(weightOf(vector, 'wave')).toBeCloseTo((2 * 2.2) / (2 + 1.2), 10);
    expect(weightOf(vector, 'shock')).toBeCloseTo(1, 10);
  });

  it('holds length against a text, and lets repetition count less and less', () => {
    const alone = weightOf(documentTerms('wave'), 'wave') ?? 0;
    const crowded = weightOf(documentTerms(`wave ${'different '.repeat(300)}`), 'wave') ?? 0;
    const often = weightOf(documentTerms('wave '.repeat(50)), 'wave') ?? 0;
    expect(crowded).toBeLessThan(alone);
    expect(often).toBeLessThan(2.2);
  });

  it('is a vector Qdrant takes, whatever the text', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 200 }), (text) => {
        const { indices, values } = documentTerms(text);
        expect(indices).toEqual([...new Set(indices)].toSorted((a, b) => a - b));
        expect(values).toHaveLength(indices.length);
        expect(indices.every((index) => Number.isInteger(index) && index >= 0 && index < 2 ** 32)).toBe(true);
        expect(values.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
      }),
    );
  });
});
