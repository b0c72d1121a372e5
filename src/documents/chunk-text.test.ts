import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chunkText } from './chunk-text.ts';
import { markdownHeadings } from './markdown-headings.ts';
import { SentenceSplitter } from './sentence-splitter.ts';

const identity = { documentId: 'document', contentHash: 'hash' };
const countWords = (text: string) => text.split(/\s+/).filter((word) => word !== '').length;
const splitter = new SentenceSplitter({ chunkSize: 4, chunkOverlap: 0, countTokens: countWords });

describe('chunkText', () => {
  it('tells the page a chunk begins on and the heading it stands under', () => {
    const text = 'Before all of it.\n\n# One\n\nWords on page two.\n\n## Deep\n\nWords on page three.';
    const at = (part: string) => text.indexOf(part);
    const pages = [
      { page: 1, start: 0 },
      { page: 2, start: at('# One') },
      { page: 3, start: at('## Deep') },
    ];
    const { headings } = markdownHeadings(text);
    const chunks = chunkText(splitter, { ...identity, text, pages, headings });
    expect(chunks.map(({ text, page, heading }) => [text, page, heading])).toEqual([
      ['Before all of it.', 1, undefined],
      ['# One', 2, 'One'],
      ['Words on page two.', 2, 'One'],
      ['## Deep', 3, 'One › Deep'],
      ['Words on page three.', 3, 'One › Deep'],
    ]);
  });

  it('passes over pages without text', () => {
    const text = 'First page here.\n\nThird page has words.';
    const pages = [
      { page: 1, start: 0 },
      { page: 2, start: 16 },
      { page: 3, start: 18 },
    ];
    expect(chunkText(splitter, { ...identity, text, pages, headings: [] }).map(({ page }) => page)).toEqual([
      1, 3,
    ]);
  });

  it('gives chunks of another version other ids', () => {
    const ids = (contentHash: string) =>
      chunkText(splitter, { documentId: 'a', contentHash, text: 'One two.', pages: [], headings: [] }).map(
        ({ id }) => id,
      );
    expect(ids('x')).toEqual(ids('x'));
    expect(ids('x')).not.toEqual(ids('y'));
  });

  it('gives offsets that give back the text, and ids of their own, for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.array(fc.nat({ max: 400 }), { maxLength: 5 }),
        (text, places) => {
          const starts = places.toSorted((a, b) => a - b);
          const pages = starts.map((start, index) => ({ page: index + 1, start }));
          const chunks = chunkText(splitter, { ...identity, text, pages, headings: [] });
          for (const [index, chunk] of chunks.entries()) {
            expect(chunk.index).toBe(index);
            expect(text.slice(chunk.start, chunk.end)).toBe(chunk.text);
            expect(chunk.page).toBe(starts.filter((start) => start <= chunk.start).length || undefined);
          }
          expect(new Set(chunks.map(({ id }) => id)).size).toBe(chunks.length);
        },
      ),
    );
  });
});
