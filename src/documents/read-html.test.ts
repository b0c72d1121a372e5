import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseHtml, readHtml } from './read-html.ts';

const SECRET = 'stealCookies9';
const WRAPPERS = [
  ['', ''],
  ['<p>', '</p>'],
  ['<table><tr><td>', '</table>'],
  ['<svg>', '</svg>'],
  ['<pre>', '</pre>'],
  ['<!-- -->', ''],
  ['<h1>Title', '</h1>'],
  ['<noscript>', '</noscript>'],
  ['<template>', '</template>'],
  ['<iframe>', '</iframe>'],
  ['<select><option>', '</select>'],
  ['<math><mi>', '</math>'],
  ['<b><i><a href=x>', ''],
] as const;

describe('readHtml', () => {
  it('reads what a browser shows, block by block', () => {
    const { title, text, metadata } = parseHtml(`<!doctype html><head><title>My  page</title>
      <meta name="Author" content="Ada"><meta name="viewport" content="x"><style>p{}</style></head>
      <body><p>One <b>bold</b>
      word.</p><ul><li>first<li><p>second</p></ul><p>a<br>b &amp; c</p>
      <table><tr><th>k<th>v<tr><td>1<td>2</table><img alt="A plot" src=x></body>`);
    expect(title).toBe('My page');
    expect(metadata).toEqual({ author: 'Ada' });
    expect(text).toBe('One bold word.\n\n- first\n\n- second\n\na\nb & c\n\nk | v\n1 | 2\n\nA plot');
  });

  it('gives each heading its path and the place where it begins', () => {
    const { text, headings, title } = parseHtml(
      '<p>Before.</p><h1>Guide</h1>text<h2>Set  <i>up</i></h2>more<h1>End</h1>',
    );
    expect(title).toBe('Guide');
    expect(headings.map(({ path, start }) => [path, text.slice(start, start + 3)])).toEqual([
      ['Guide', 'Gui'],
      ['Guide › Set up', 'Set'],
      ['End', 'End'],
    ]);
  });

  it('leaves list marks and cell borders out of headings', () => {
    const { text, headings } = parseHtml(
      '<ul><li><h2>In a list</h2></ul><table><tr><td>x<td><h3>In a cell</h3></table>',
    );
    expect(headings.map(({ path }) => path)).toEqual(['In a list', 'In a list › In a cell']);
    for (const { start } of headings) expect(text.slice(start, start + 2)).toBe('In');
  });

  it('keeps words apart that are parted by a space of any width', () => {
    expect(parseHtml('<p>one&emsp;<b>two</b>&#x3000;three&nbsp;four</p>').text).toBe('one two three four');
  });

  it('keeps the lines of preformatted text', () => {
    expect(parseHtml('<pre>a\n  b\n</pre><p>c').text).toContain('a\n  b\n');
  });

  it('leaves out what is hidden', () => {
    const html = '<p hidden>1</p><p style="color:red; display : none">2</p><dialog>3</dialog><p>shown</p>';
    expect(parseHtml(html).text).toBe('shown');
  });

  it('takes the encoding that the page declares where it is no UTF-8', () => {
    const page = Buffer.concat([
      Buffer.from('<meta charset="windows-1251"><p>'),
      Uint8Array.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]),
    ]);
    expect(readHtml(page).text).toBe('Привет');
    expect(readHtml(Buffer.from('<meta charset="windows-1251"><p>Grüße')).text).toBe('Grüße');
  });

  it('never yields the text of a script, wherever it stands', () => {
    const script = fc.constantFrom(
      `<script>${SECRET}</script>`,
      `<SCRIPT type="module">\nif (a<b) ${SECRET}</SCRIPT >`,
      `<script><!--<script>${SECRET}</script>${SECRET}--></script>`,
      `<style>${SECRET}</style>`,
      `<p onclick="${SECRET}()" title="<script>${SECRET}</script>">x</p>`,
      `<a href="javascript:${SECRET}">x</a>`,
    );
    const wrapped = fc
      .tuple(fc.array(fc.constantFrom(...WRAPPERS), { maxLength: 4 }), script)
      .map(([wrappers, script]) =>
        wrappers.reduce<string>((inner, [open, close]) => open + inner + close, script),
      );
    fc.assert(
      fc.property(fc.array(wrapped, { minLength: 1, maxLength: 4 }), (parts) => {
        const { text, headings, title } = parseHtml(`<body>${parts.join('words')}`);
        expect(`${title} ${text} ${JSON.stringify(headings)}`).not.toContain(SECRET);
      }),
      { numRuns: 300 },
    );
  });

  it('ends for any input, with headings in order and inside the text', () => {
    const tags =
      'table tr td th li ul h1 h2 div p b i a pre br select svg math template dialog script title'.split(' ');
    const tag = fc.tuple(
      fc.constantFrom('<', '</'),
      fc.constantFrom(...tags),
      fc.constantFrom('>', ' x=">', '/>', ''),
    );
    const part = fc.oneof(
      tag.map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('&', '&#0;', '&#xd800;', '<!--', '-->', '<![CDATA[', ' ', '\u3000', '\0'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        const { text, headings } = parseHtml(parts.join(''));
        const starts = headings.map(({ start }) => start);
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        for (const start of starts) expect(start).toBeLessThan(text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('reads headings that are nested in each other without reading each of them to its end', () => {
    const { headings } = parseHtml('<h1><div>A'.repeat(5000));
    expect(headings.length).toBeGreaterThan(100);
    for (const { path } of headings) expect(path.length).toBeLessThanOrEqual(200);
  });
});
