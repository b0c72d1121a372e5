import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { markdownHeadings } from './markdown-headings.ts';
import { readMarkdown } from './read-markdown.ts';

const read = (source: string) => readMarkdown(Buffer.from(source));
const paths = (source: string) => markdownHeadings(source).headings.map(({ path }) => path);

describe('readMarkdown', () => {
  it('keeps the source as it is, so that offsets lead into the file', () => {
    const source = '# A *title*\r\n\r\nText with `code` and [a link](x).\r\n';
    expect(read(source)).toMatchObject({ text: source, title: 'A title' });
  });

  it('gives each heading its path and the place where its line begins', () => {
    const source = 'Intro\n\n# Guide #\n\ntext\n\n## Set **up** {#setup}\n\nUnder\nlined\n---\n\nEnd\n===\n';
    const { headings } = read(source);
    expect(headings.map(({ path, start }) => [path, source.slice(start).split('\n')[0]])).toEqual([
      ['Guide', '# Guide #'],
      ['Guide › Set up', '## Set **up** {#setup}'],
      ['Guide › Under lined', 'Under'],
      ['End', 'End'],
    ]);
  });

  it('takes no heading from code, comments, lists or tables', () => {
    expect(paths('```sh\n# no\n~~~\n# no\n```\n# yes')).toEqual(['yes']);
    expect(paths('<!--\n# no\n-->\n# yes')).toEqual(['yes']);
    expect(paths('    # no\n- item\n---\n| a |\n---\n#no\n####### no')).toEqual([]);
  });

  it('reads front matter as metadata, and its title before the first heading', () => {
    const source =
      '---\ntitle: "The title"\nauthor: Ada # a comment\ntags: [a, b]\nlist:\n  - one\n  - two\nnested: {a: b}\n---\n# Other\n';
    expect(read(source)).toMatchObject({
      title: 'The title',
      text: source,
      metadata: { author: 'Ada', tags: ['a', 'b'], list: ['one', 'two'] },
    });
    expect(read(source).metadata).not.toHaveProperty('nested');
  });

  it('takes two rules at the beginning for text', () => {
    expect(read('---\nSome words\n---\n# T')).toMatchObject({ metadata: {}, title: 'T' });
  });

  it('takes front matter that has no end in sight for text', () => {
    expect(read(`---\nauthor: ${'x'.repeat(100_000)}\n---\n# T`)).toMatchObject({ metadata: {}, title: 'T' });
  });

  it('stays linear on lines that no pattern may try again and again', () => {
    const spaces = ' '.repeat(300_000);
    expect(paths(`# ${spaces}\u2028x`)).toEqual(['x']);
    expect(read(`---\na: ${' '.repeat(60_000)}\u2028x\n---\ntext`).metadata).toEqual({ a: 'x' });
  });

  it('shows headings without their marks where there are too many to parse', () => {
    const all = paths('# some *stressed* words of `code`\n\n'.repeat(20_000));
    expect(new Set(all)).toEqual(new Set(['some stressed words of code']));
  });

  it('ends for any input, with headings in order and at the beginnings of lines', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '#',
        '# ',
        '---',
        '===',
        '\n',
        '\r\n',
        '\r',
        '```',
        '~~~',
        '<!--',
        '-->',
        '[',
        '](',
        '*',
        ': ',
        '- ',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 10 }),
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(part, { maxLength: 80 }), (hasFrontMatter, parts) => {
        const { text, headings } = read(
          (hasFrontMatter ? '---\n' : '') + parts.join('').replace(/\p{Cc}/gu, '\n'),
        );
        let before = -1;
        for (const { start, path } of headings) {
          expect(start).toBeGreaterThan(before);
          expect(start === 0 || text[start - 1] === '\n').toBe(true);
          expect(path).not.toBe('');
          before = start;
        }
      }),
      { numRuns: 500 },
    );
  });
});
