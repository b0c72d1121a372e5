import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { WordWrapper } from './word-wrapper.ts';

function wrap(text: string, width: number, cuts: readonly number[] = []): string {
  const wrapper = new WordWrapper({ width });
  const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  const parts = [...ends, text.length].map((end, index, all) => text.slice(all[index - 1] ?? 0, end));
  return parts.map((part) => wrapper.push(part)).join('') + wrapper.end();
}

const answer = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.stringMatching(/^[a-z[\]0-9.,]{1,12}$/) },
      { weight: 4, arbitrary: fc.constantFrom(' ', '  ', '\n', '\n\n- ', '\n  12. ', '\t', ' [1]') },
      { weight: 1, arbitrary: fc.constantFrom('漢字、', '（仮名）', 'เขียน', '😀', '👩‍👩‍👧', 'e\u0301') },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
    ),
  )
  .map((parts) => parts.join(''));

describe('WordWrapper', () => {
  it('breaks lines between words', () => {
    expect(wrap('The quick brown fox jumps [1] over.', 10)).toBe('The quick\nbrown fox\njumps [1]\nover.');
  });

  it('keeps the lines and paragraphs there are', () => {
    expect(wrap('one\ntwo\n\n  three\n', 10)).toBe('one\ntwo\n\n  three\n');
  });

  it('puts the lines of a list item under its text', () => {
    expect(wrap('- one two three\n12. four five six\n   seven eight', 11)).toBe(
      '- one two\n  three\n12. four\n    five\n    six\n   seven\n   eight',
    );
  });

  it('leaves a word whole that is longer than a line', () => {
    expect(wrap('see https://example.org/a/long/path now', 12)).toBe(
      'see\nhttps://example.org/a/long/path\nnow',
    );
  });

  it('breaks text without spaces between its characters, never before closing punctuation', () => {
    expect(wrap('日本語の文章です。終わり', 10)).toBe('日本語の文\n章です。終\nわり');
    expect(wrap('日本語の文。章', 10)).toBe('日本語の\n文。章');
  });

  it('writes a word as soon as the next character shows that it is whole', () => {
    const wrapper = new WordWrapper({ width: 20 });
    expect(wrapper.push('One wo')).toBe('One');
    expect(wrapper.push('rd')).toBe('');
    expect(wrapper.push(' ')).toBe(' word');
    expect(wrapper.end()).toBe('');
  });

  it('gives the same lines however the text is cut', () => {
    fc.assert(
      fc.property(
        answer,
        fc.integer({ min: 20, max: 60 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (text, width, cuts) => {
          expect(wrap(text, width, cuts)).toBe(wrap(text, width));
        },
      ),
    );
  });

  it('loses nothing but white space, and passes the width only with a single word', () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 20, max: 60 }), (text, width) => {
        const lines = wrap(text, width);
        expect(lines.replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
        for (const line of lines.split('\n').filter((line) => stringWidth(line) > width)) {
          expect(
            line
              .trim()
              .split(/\s+/)
              .filter((word) => stringWidth(word) > 0).length,
          ).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  it('tells the style all of the text in order', () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 20, max: 60 }), (text, width) => {
        let heard = '';
        const wrapper = new WordWrapper({ width, style: (part) => ((heard += part), part) });
        wrapper.push(text);
        wrapper.end();
        expect(heard.trimEnd()).toBe(text.replaceAll('\t', '    ').trimEnd());
      }),
    );
  });
});
