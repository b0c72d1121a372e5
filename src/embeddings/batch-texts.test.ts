import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchTexts, cutText } from './batch-texts.ts';

describe('batchTexts', () => {
  it('keeps all texts in order, within both limits, and never cuts earlier than it must', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 12 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
        (texts, maxBatchSize, maxBatchCharacters) => {
          const batches = [...batchTexts(texts, { maxBatchSize, maxBatchCharacters })];
          expect(batches.flatMap((batch) => batch.texts)).toEqual(texts);
          const lengthOf = (some: readonly string[]) => some.join('').length;
          for (const [at, { start, texts: part }] of batches.entries()) {
            expect(part).toEqual(texts.slice(start, start + part.length));
            expect(part.length).toBeLessThanOrEqual(maxBatchSize);
            if (part.length > 1) expect(lengthOf(part)).toBeLessThanOrEqual(maxBatchCharacters ?? Infinity);
            const next = batches[at + 1]?.texts[0];
            if (next === undefined) continue;
            const isFull = part.length === maxBatchSize;
            expect(isFull || lengthOf([...part, next]) > (maxBatchCharacters ?? Infinity)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('cutText', () => {
  it('never leaves half a character behind', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat({ max: 25 }), (text, limit) => {
        const cut = cutText(text, limit);
        expect(text.startsWith(cut)).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(limit);
        expect(cut.isWellFormed()).toBe(true);
        expect(Math.min(limit, text.length) - cut.length).toBeLessThanOrEqual(1);
      }),
    );
    expect(cutText('a😀b', 2)).toBe('a');
    expect(cutText('a😀b', 3)).toBe('a😀');
  });
});
