import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { PREVIEW_CHARS, previewOf } from './preview.ts';

describe('a preview', () => {
  it('is the whole passage where that is short, on one line', () => {
    expect(previewOf(' A passage\n\nof two  paragraphs. ')).toBe('A passage of two paragraphs.');
  });

  it('ends after a word', () => {
    const preview = previewOf('workers '.repeat(100));
    expect(preview.endsWith('workers…')).toBe(true);
    expect(preview.length).toBeLessThanOrEqual(PREVIEW_CHARS);
  });

  it('cuts a word that is longer than the preview', () => {
    expect(previewOf('x'.repeat(1000))).toBe(`${'x'.repeat(239)}…`);
  });

  it('does not cut a character in two', () => {
    expect(previewOf(`x${'😀'.repeat(300)}`)).toBe(`x${'😀'.repeat(119)}…`);
    expect(previewOf('😀'.repeat(300))).toBe(`${'😀'.repeat(119)}…`);
  });

  it('is never too long and never malformed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }).map((texts) => texts.join(' ').repeat(60)),
        (text) => {
          const preview = previewOf(text);
          expect(preview.length).toBeLessThanOrEqual(PREVIEW_CHARS);
          expect(preview.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});
