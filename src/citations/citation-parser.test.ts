import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CitationParser, type ParsedPiece } from './citation-parser.ts';

interface Parsed {
  readonly text: string;
  readonly citations: readonly { readonly id: number; readonly at: number }[];
}

function collect(pieces: readonly ParsedPiece[]): Parsed {
  let text = '';
  const citations: { id: number; at: number }[] = [];
  for (const piece of pieces) {
    if (piece.type === 'text') text += piece.text;
    else citations.push({ id: piece.id, at: piece.at });
  }
  return { text, citations };
}

function parse(parts: readonly string[], sourceCount = 3): Parsed {
  const parser = new CitationParser(sourceCount);
  return collect([...parts.flatMap((part) => parser.push(part)), ...parser.end()]);
}

function ids(text: string, sourceCount = 3): readonly number[] {
  return parse([text], sourceCount).citations.map(({ id }) => id);
}

describe('the markers it reads', () => {
  it.each([
    ['one number', 'Fact [2].', 'Fact [2].', [2]],
    ['two markers', 'Fact [1][2].', 'Fact [1][2].', [1, 2]],
    ['a list', 'Fact [1, 2].', 'Fact [1][2].', [1, 2]],
    ['a list in its own order', 'Fact [3,1].', 'Fact [3][1].', [3, 1]],
    ['a list with semicolons', 'Fact [1; 3].', 'Fact [1][3].', [1, 3]],
    ['a range', 'Fact [1-3].', 'Fact [1][2][3].', [1, 2, 3]],
    ['a range with an en dash', 'Fact [2–3].', 'Fact [2][3].', [2, 3]],
    ['a range backwards', 'Fact [3-2].', 'Fact [2][3].', [2, 3]],
    ['a range in a list', 'Fact [1,2-3].', 'Fact [1][2][3].', [1, 2, 3]],
    ['a number twice', 'Fact [1, 1].', 'Fact [1].', [1]],
    ['spaces inside', 'Fact [ 1 ].', 'Fact [1].', [1]],
    ['the word source', 'Fact [Source 1].', 'Fact [1].', [1]],
    ['the word sources', 'Fact [sources 1, 2].', 'Fact [1][2].', [1, 2]],
    ['the word at each number', 'Fact [Source 1, Source 3].', 'Fact [1][3].', [1, 3]],
    ['no space before', 'Fact[1].', 'Fact[1].', [1]],
    ['brackets around it', 'Fact [[1]].', 'Fact [[1]].', [1]],
    ['words around it', 'Fact [see [1]].', 'Fact [see [1]].', [1]],
    ['an exclamation mark before', 'Fact![1]', 'Fact![1]', [1]],
    ['a colon behind', 'As in [1]: it holds.', 'As in [1]: it holds.', [1]],
    ['the beginning of a line', '[1]: it holds.', '[1]: it holds.', [1]],
    ['a parenthesis after a space', 'Fact [1] (that is, so).', 'Fact [1] (that is, so).', [1]],
    ['a line after fenced code', '```\na[9]\n```\nFact [1].', '```\na[9]\n```\nFact [1].', [1]],
    ['a line after a stray backtick', 'A ` here\nFact [1].', 'A ` here\nFact [1].', [1]],
  ])('reads %s', (_name, answer, text, cited) => {
    const parsed = parse([answer]);
    expect(parsed.text).toBe(text);
    expect(parsed.citations.map(({ id }) => id)).toEqual(cited);
  });

  it('gives each citation the offset of its own bracket in what leaves, in UTF-16 units', () => {
    const { text, citations } = parse(['😀 two [1, 9, 2] and [3].']);
    expect(text).toBe('😀 two [1][2] and [3].');
    expect(citations).toEqual([
      { id: 1, at: 7 },
      { id: 2, at: 10 },
      { id: 3, at: 18 },
    ]);
  });

  it('gives each citation right behind the text that ends with its marker', () => {
    const parser = new CitationParser(3);
    expect([...parser.push('One [1][2] two.'), ...parser.end()]).toEqual([
      { type: 'text', text: 'One [1]' },
      { type: 'citation', id: 1, at: 4 },
      { type: 'text', text: '[2]' },
      { type: 'citation', id: 2, at: 7 },
      { type: 'text', text: ' two.' },
    ]);
  });

  it('cuts a range to the sources there are', () => {
    expect(ids('[1-999999999999999999999]')).toEqual([1, 2, 3]);
  });
});

describe('numbers that were never given', () => {
  it.each([
    ['one of a list', 'Fact [1, 9].', 'Fact [1].'],
    ['the only one', 'Fact [9].', 'Fact.'],
    ['zero', 'Fact [0].', 'Fact.'],
    ['one between words', 'Fact [9] and more.', 'Fact and more.'],
    ['one that touches a word', 'Fact [9]and more.', 'Fact and more.'],
    ['one at the end', 'Fact [9]', 'Fact'],
    ['one before a line break', 'Fact [9]\nNext', 'Fact\nNext'],
    ['several in a row', 'Fact [8][9].', 'Fact.'],
    ['one before a good one', 'Fact [9][1].', 'Fact [1].'],
    ['one with spaces before a good one', 'Fact [9] [1].', 'Fact [1].'],
    ['one at the start of a line', '[9] Fact', 'Fact'],
    ['one in brackets of its own', 'Fact [[9]].', 'Fact.'],
    ['one inside a marker', 'Fact [1, [9]].', 'Fact [1].'],
    ['one whose loss would make another', 'Fact [[9]7].', 'Fact.'],
    ['one whose loss would make a definition', '[1][9]: http://a.example', '[1] : http://a.example'],
    ['one inside what would be a definition', '[1]:[9] http://a.example', '[1]:… http://a.example'],
    ['one before a fence', '[9]```\na [9]\n```', '```\na [9]\n```'],
  ])('drops %s', (_name, answer, text) => {
    expect(parse([answer]).text).toBe(text);
  });

  it('drops every marker where there are no sources', () => {
    expect(parse(['One [1], two [2].'], 0)).toEqual({ text: 'One, two.', citations: [] });
  });
});

describe('brackets that are no citations', () => {
  it.each([
    ['inline code', 'Use `a[1]` and ``b`[9]``.'],
    ['fenced code', '```ts\nconst x = a[1][9];\n```'],
    ['fenced code with tildes', '~~~~\na[1]\n~~~\nb[9]\n~~~~'],
    ['fenced code that is never closed', '```\na[9]\nb[1]'],
    ['a fence inside a list', '- do this\n  ```\n  a[9]\n  ```'],
    ['code with three backticks on one line', '```a[9]```'],
    ['a link', 'See [1](https://a.example) and [9](#there).'],
    ['an image', 'See ![9](a.png).'],
    ['a reference link', 'See [the guide][9].'],
    ['a link definition', '[9]: https://a.example\n[1]: <./b.md>'],
    ['a footnote', 'Fact[^1].'],
    ['an escape', String.raw`Fact \[9\] and \[1].`],
    ['words', 'Fact [sic] and [Sonne 1] and [x].'],
    ['an empty bracket', '- [ ] to do []'],
    ['numbers with a point', 'The interval [0.5, 1].'],
    ['a negative number', 'The interval [-1, 1].'],
    ['a bracket that is never closed', 'Fact [1, 2'],
    ['a bracket that ends in the next line', 'Fact [1,\n2]'],
  ])('leaves %s alone', (_name, answer) => {
    expect(parse([answer])).toEqual({ text: answer, citations: [] });
  });

  it('reads on after code that is closed', () => {
    expect(ids('`a[9]` is [1], ``b`` is [2], ~~gone~~ [3]')).toEqual([1, 2, 3]);
  });
});

const fragment = fc.constantFrom(
  '[',
  ']',
  '[1]',
  '[2]',
  '[9]',
  '[1, 2]',
  '[1,9]',
  '[1-3]',
  '[8–9]',
  '1',
  '9',
  ',',
  ' ',
  ', ',
  '-',
  '\n',
  '\n\n',

  '`',
  '``',
  '```',
  '~',
  '~~~',
  '\\',
  '(',
  ')',
  ':',
  ': ',
  'http://a',
  '!',
  '^',
  'a',
  'word ',
  'é',
  '😀',
  '. ',
  '>',
  'Source ',
  '[Source 9]',
  '[[9]]',
  '[[',
  ']]',
  '- ',
  '* ',
  '    ',
  '\t',
  '…',
  '~~',
);
const answers = fc.array(fragment, { maxLength: 24 }).map((parts) => parts.join(''));

function cut(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return places.slice(1).map((place, index) => text.slice(places[index], place));
}

describe('any answer', () => {
  it('gives the same text, citations and offsets however it is cut', () => {
    fc.assert(
      fc.property(answers, fc.array(fc.nat(), { maxLength: 12 }), (answer, cuts) => {
        const whole = parse([answer]);
        expect(parse(cut(answer, cuts))).toEqual(whole);
        expect(parse([...answer])).toEqual(whole);
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves as something the parser leaves alone', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const once = parse([answer]);
        expect(parse([once.text])).toEqual(once);
      }),
      { numRuns: 10_000 },
    );
  });

  it('has a marker with a number that was given at each offset', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 0, max: 9 }), (answer, sourceCount) => {
        const { text, citations } = parse([answer], sourceCount);
        for (const { id, at } of citations) {
          expect(text.slice(at, at + `[${id}]`.length)).toBe(`[${id}]`);
          expect(id).toBeLessThanOrEqual(sourceCount);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('never shows a number that was not given, where it has no code, links or escapes', () => {
    const prose = fc
      .array(fc.constantFrom('[', ']', '1', '9', ',', ' ', '-', '[9]', '[1, 9]', '.', '\n'), {
        maxLength: 30,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(prose, (answer) => {
        const { text } = parse([answer], 1);
        const markers = text.match(/\[ *\d+(?: *[,-] *\d+)* *\]/g) ?? [];
        expect(markers.filter((marker) => marker !== '[1]')).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });

  it('gives at once everything but a possible marker and the space before it', () => {
    const parser = new CitationParser(12);
    const given = [...'As it is [1, 2] in a[0] so'].map((character) => collect(parser.push(character)).text);
    expect(given).toEqual([
      'A',
      's',
      '',
      ' i',
      't',
      '',
      ' i',
      's',
      '',
      '',
      '',
      '',
      '',
      '',
      '',
      ' [1][2]',
      ' i',
      'n',
      '',
      ' a',
      '',
      '',
      '',
      '',
      ' s',
      'o',
    ]);
  });
});

describe('a hostile answer', () => {
  it.each([
    ['open brackets', '['],
    ['a marker without an end', '1,'],
    ['nested markers', '[9'],
    ['dropped markers', '[[9]'],
    ['closing brackets', '[]]'],
    ['backticks', '`~'],
    ['ranges', '[1-999999]'],
    ['half a word', '[source'],
  ])('of a million %s takes time in proportion to its length', (_name, part) => {
    const parser = new CitationParser(2);
    const pieces = `[${part.repeat(1_000_000 / part.length)}`.match(/[^]{1,7}/g) ?? [];
    let length = 0;
    for (const piece of pieces) length += collect(parser.push(piece)).text.length;
    expect(length + collect(parser.end()).text.length).toBeLessThanOrEqual(2_000_001);
  });

  it('cannot push an open bracket out to make a marker with what comes later', () => {
    const { text } = parse([`${'['.repeat(400)}[9]7] and on`]);
    expect(text).not.toMatch(/\[[79]\]/);
  });
});
