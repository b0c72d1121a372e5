import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleDocument } from '../testing/example-documents.ts';
import { groupByCommit } from './group-by-commit.ts';

describe('groupByCommit', () => {
  it('keeps every document whole and in order, and groups small', () => {
    assert(
      property(array(integer({ min: 1, max: 2500 }), { maxLength: 20 }), (sizes) => {
        const documents = sizes.map((size, n) =>
          exampleDocument(
            `d${n}`,
            Array.from({ length: size }, () => 'x'),
          ),
        );
        const groups = [...groupByCommit(documents)];
        expect(groups.flat()).toEqual(documents);
        for (const group of groups) {
          const chunks = group.reduce((sum, entry) => sum + entry.chunks.length, 0);
          expect(chunks <= 2000 || group.length === 1).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('counts bytes of text and of vectors', () => {
    const text = 'x'.repeat(3_000_000);
    const vectors = [new Float32Array(750_000)];
    const documents = ['a', 'b', 'c'].map((id) => exampleDocument(id, [text], { vectors }));
    expect([...groupByCommit(documents)].map((group) => group.length)).toEqual([1, 1, 1]);
  });
});
