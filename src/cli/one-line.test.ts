import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { excerpt, oneLine } from './one-line.ts';

describe('oneLine', () => {
  it('joins lines and drops what steers a terminal', () => {
    expect(oneLine(' a\n\tb\u001B[31m c\r\n')).toBe('a b[31m c');
    expect(oneLine('\u0007\u009B2J')).toBe('2J');
  });
});

describe('excerpt', () => {
  it('is the text itself where it fits, and is cut after a word where it does not', () => {
    expect(excerpt('Short\ntext.', 20)).toBe('Short text.');
    expect(excerpt('The quick brown fox jumps', 20)).toBe('The quick brown fox…');
    expect(excerpt('日本語の文章です', 9)).toBe('日本語の…');
  });

  it('never has more columns than it was given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 40 }), (text, columns) => {
        expect(stringWidth(excerpt(text, columns))).toBeLessThanOrEqual(columns);
        expect(excerpt(text, columns)).not.toContain('\n');
      }),
    );
  });
});
