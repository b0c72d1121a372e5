import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InvalidInputError } from '../errors.ts';
import { countTokens } from './count-tokens.ts';
import { SentenceSplitter, type SentenceSplitterOptions } from './sentence-splitter.ts';

const countWords = (text: string) => text.split(/\s+/).filter((word) => word !== '').length;
const countUnits = (text: string) => text.length;

function chunksOf(text: string, options: SentenceSplitterOptions): string[] {
  return new SentenceSplitter(options).split(text).map(({ start, end }) => text.slice(start, end));
}

/** Text of the kinds that go wrong: abbreviations, code, wide scripts, joiners, broken surrogates, long runs. */
const awkwardText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.lorem({ mode: 'sentences', maxCount: 6 }),
      fc.constantFrom(
        '\n\n',
        '\r\n',
        '\n',
        ' ',
        '\t',
        '\u3000',
        '```\n',
        '~~~~ js\n',
        '. ',
        'e.g. ',
        '。',
        '！',
        'Dr. ',
        '<|endoftext|>',
      ),
      fc.constantFrom(
        '\ud800',
        '\udc00',
        '👩‍👩‍👧‍👦',
        'e\u0301',
        '\u0301'.repeat(40),
        '漢字かな'.repeat(20),
        'x'.repeat(300),
        '='.repeat(700),
      ),
      fc.string({ unit: fc.constantFrom('\ud83d', '\ude00', 'a', ' ', '\n'), maxLength: 40 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

const counters = fc.constantFrom(countTokens, countWords, countUnits);

describe('SentenceSplitter', () => {
  it('keeps a text whole where it fits', () => {
    expect(chunksOf('  One. Two.\n\nThree.  ', { chunkSize: 10, chunkOverlap: 0 })).toEqual([
      'One. Two.\n\nThree.',
    ]);
  });

  it('gives no chunk for a text of whitespace', () => {
    expect(chunksOf(' \n\t\u3000 ', {})).toEqual([]);
    expect(chunksOf('', {})).toEqual([]);
  });

  it('never cuts a sentence that fits', () => {
    const text = 'One two three four. Five six seven. Eight nine ten eleven. Twelve.';
    expect(chunksOf(text, { chunkSize: 8, chunkOverlap: 0, countTokens: countWords })).toEqual([
      'One two three four. Five six seven.',
      'Eight nine ten eleven. Twelve.',
    ]);
  });

  it('keeps paragraphs whole where they fit', () => {
    const text = 'One two three.\n\nFour five. Six seven.\n\nEight.';
    expect(chunksOf(text, { chunkSize: 5, chunkOverlap: 0, countTokens: countWords })).toEqual([
      'One two three.',
      'Four five. Six seven.\n\nEight.',
    ]);
  });

  it('repeats whole sentences up to the overlap', () => {
    const text = 'One two three. Four five. Six seven eight. Nine ten.';
    expect(chunksOf(text, { chunkSize: 6, chunkOverlap: 2, countTokens: countWords })).toEqual([
      'One two three. Four five.',
      'Four five. Six seven eight.',
      'Nine ten.',
    ]);
  });

  it('drops the overlap where the next sentence needs the room', () => {
    const text = 'One two three. Four five. Six seven eight nine ten eleven.';
    expect(chunksOf(text, { chunkSize: 6, chunkOverlap: 3, countTokens: countWords })).toEqual([
      'One two three. Four five.',
      'Six seven eight nine ten eleven.',
    ]);
  });

  it('cuts a sentence that is too long at clauses, then at words', () => {
    const text = 'Alpha beta, gamma delta; epsilon zeta eta theta iota kappa.';
    expect(chunksOf(text, { chunkSize: 4, chunkOverlap: 0, countTokens: countWords })).toEqual([
      'Alpha beta, gamma delta;',
      'epsilon zeta eta theta',
      'iota kappa.',
    ]);
  });

  it('does not take abbreviations for ends of sentences', () => {
    const text = 'See Fig. 3 by Dr. Who, e.g. in the U.S. Senate, at 3.5 volts. Then stop.';
    expect(chunksOf(text, { chunkSize: 14, chunkOverlap: 0, countTokens: countWords })).toEqual([
      'See Fig. 3 by Dr. Who, e.g. in the U.S. Senate, at 3.5 volts.',
      'Then stop.',
    ]);
  });

  it('ends sentences of scripts that leave no space', () => {
    const text = '今日は良い天気です。散歩に行きましょう！どこへ？';
    expect(chunksOf(text, { chunkSize: 14, chunkOverlap: 0, countTokens: countUnits })).toEqual([
      '今日は良い天気です。',
      '散歩に行きましょう！どこへ？',
    ]);
  });

  it('keeps a fenced code block whole where it fits', () => {
    const code = '```ts\nconst a = 1. + 2;\n\nconst b = 2;\n```';
    const text = `Some words before it.\n\n${code}\n\nSome words after it.`;
    expect(chunksOf(text, { chunkSize: 14, chunkOverlap: 0, countTokens: countWords })).toContain(code);
  });

  it('cuts a code block that is too long at the ends of lines', () => {
    const lines = Array.from({ length: 30 }, (_, line) => `call(${line}, "a. B");`);
    const text = ['```', ...lines, '```'].join('\n');
    const known = new Set(['```', ...lines]);
    for (const chunk of chunksOf(text, { chunkSize: 12, chunkOverlap: 0, countTokens: countWords })) {
      for (const line of chunk.split('\n')) expect(known).toContain(line);
    }
  });

  it('bounds a line without any space', () => {
    const text = 'x'.repeat(100_000);
    const spans = new SentenceSplitter({ chunkSize: 100, chunkOverlap: 10 }).split(text);
    expect(Math.max(...spans.map(({ tokens }) => tokens))).toBeLessThanOrEqual(100);
    expect(spans.at(-1)?.end).toBe(text.length);
  });

  it.each([
    [{ chunkSize: 20, chunkOverlap: 20 }, 'chunkOverlap'],
    [{ chunkOverlap: -1 }, 'chunkOverlap'],
    [{ chunkOverlap: 0.5 }, 'chunkOverlap'],
    [{ chunkSize: 0, chunkOverlap: 0 }, 'chunkSize'],
    [{ chunkSize: Number.NaN }, 'chunkSize'],
  ])('refuses %j and names %s', (options, field) => {
    expect(() => new SentenceSplitter(options)).toThrow(InvalidInputError);
    expect(() => new SentenceSplitter(options)).toThrow(field);
  });

  it('holds its promises for any text, size, overlap and way of counting', () => {
    fc.assert(
      fc.property(
        awkwardText,
        fc.integer({ min: 1, max: 60 }),
        fc.nat({ max: 59 }),
        counters,
        (text, chunkSize, overlap, countTokens) => {
          const chunkOverlap = Math.min(overlap, chunkSize - 1);
          const spans = new SentenceSplitter({ chunkSize, chunkOverlap, countTokens }).split(text);
          let covered = 0;
          let before = { start: -1, end: -1 };
          for (const { start, end, tokens } of spans) {
            const chunk = text.slice(start, end);
            expect(chunk).not.toBe('');
            expect(chunk.trim()).toBe(chunk);
            expect(tokens).toBe(countTokens(chunk));
            if (tokens > chunkSize) expect(chunk.length).toBe(chunk.codePointAt(0)! > 0xffff ? 2 : 1);
            expect(start).toBeGreaterThan(before.start);
            expect(end).toBeGreaterThan(before.end);
            expect(text.slice(covered, Math.max(covered, start)).trim()).toBe('');
            for (const cut of [start, end]) {
              expect(
                /[\ud800-\udbff]$/.test(text.slice(0, cut)) && /^[\udc00-\udfff]/.test(text.slice(cut)),
              ).toBe(false);
            }
            covered = end;
            before = { start, end };
          }
          expect(text.slice(covered).trim()).toBe('');
        },
      ),
      { numRuns: 400 },
    );
  });

  it('costs about as much per character for a long text as for a short one', () => {
    let counted = 0;
    const splitter = new SentenceSplitter({
      chunkSize: 64,
      chunkOverlap: 10,
      countTokens(text) {
        counted += text.length;
        return Math.ceil(text.length / 4);
      },
    });
    for (const text of [
      'word '.repeat(40_000),
      'x'.repeat(200_000),
      'A b. '.repeat(40_000),
      `${' '.repeat(199_999)}x`,
      '\n\nA'.repeat(66_000),
      '。'.repeat(200_000),
    ]) {
      counted = 0;
      splitter.split(text);
      expect(counted).toBeLessThan(12 * text.length);
    }
  });
});
