import { describe, expect, it } from 'vitest';

import { quotableSentences, type TextPlace } from './quotable-sentences.ts';

function quotes(text: string, place?: TextPlace): readonly string[] {
  return quotableSentences(text, place).map((sentence) => sentence.text);
}

describe('the sentences of a text that can be quoted', () => {
  it('are those of paragraphs, list items and quotes, as they are written', () => {
    const text =
      'The **keeper** climbs `the tower` at dusk.  He lights\nthe lamp [there](lamp.md).\n\n' +
      '- The lamp of the tower burns oil.\n1. The oil is brought by boat.\n> The boat comes once a month.\n';
    expect(quotes(text)).toEqual([
      'The **keeper** climbs `the tower` at dusk.',
      'He lights the lamp [there](lamp.md).',
      'The lamp of the tower burns oil.',
      'The oil is brought by boat.',
      'The boat comes once a month.',
    ]);
  });

  it.each([
    ['headings', '# The keeper of the old tower\n\n'],
    ['underlined headings', 'The keeper of the old tower\n===========================\n\n'],
    ['tables', '| The keeper | climbs the old tower |\n|---|---|\n| The lamp | burns oil every night |\n\n'],
    ['code', '```sh\nthe keeper climbs the old tower\n```\n\n'],
    ['code that looks like prose nowhere', 'const keeper = climb(tower, { at: dusk });\n\n'],
    ['bare links', '[The keeper of the tower](keeper.md) · [The lamp of the tower](lamp.md)\n\n'],
    ['entries of a list of links', '- [The keeper](keeper.md): who climbs the old tower.\n\n'],
    ['entries with a dash', '* **[The keeper](keeper.md)** – who climbs the old tower.\n\n'],
    ['entries with a reference', '- [The keeper][1]: who climbs the old tower.\n\n'],
    ['definitions of links', '[keeper]: https://example.org/the/keeper "The keeper of the tower"\n\n'],
    ['markup', '<div class="keeper">The keeper climbs the tower.</div>\n\n'],
    ['paths of navigation', 'Home › Towers › The keeper of the tower\n\n'],
    ['scraps', 'See below.\n\n'],
  ])('are none of %s', (_name, text) => {
    expect(quotes(`${text}The lamp of the tower burns oil.`)).toEqual(['The lamp of the tower burns oil.']);
  });

  it('are none of code whose opening fence was cut off', () => {
    expect(quotes('the keeper climbs the tower\n```\n\nThe lamp of the tower burns oil.')).toEqual([
      'The lamp of the tower burns oil.',
    ]);
  });

  it('leave out the title of the document, however it is spaced', () => {
    const text = 'on the keepers of towers .\n\non the keepers of towers there is little to be said.';
    expect(quotes(text, { title: 'On the Keepers of Towers' })).toEqual([
      'on the keepers of towers there is little to be said.',
    ]);
  });

  it('keep a link inside a sentence, also at its beginning', () => {
    const text = '[The keeper](keeper.md) climbs the old tower: it has no lift.';
    expect(quotes(text)).toEqual([text]);
  });

  it('stand under the heading before them, and at first under that of the text', () => {
    const text =
      'The keeper climbs the tower at dusk.\n\n## The lamp ##\n\nThe lamp of the tower burns oil.\n\n' +
      'The oil\n---\nThe oil is brought by boat.';
    const found = quotableSentences(text, { heading: 'Towers › The keeper' });
    expect(found.map(({ heading }) => heading)).toEqual(['The keeper', 'The lamp', 'The oil']);
  });

  it('know the code that they lead to', () => {
    const text =
      'To climb the tower, run this:\n\n```sh\nclimb --tower\n```\n\nThe lamp of the tower burns oil.';
    expect(quotableSentences(text).map(({ code }) => code)).toEqual(['climb --tower\n', '']);
  });

  it('are those of a text without spaces between words', () => {
    expect(quotes('灯台守は夕方に塔に登る。灯りは油で燃える。')).toEqual([
      '灯台守は夕方に塔に登る。',
      '灯りは油で燃える。',
    ]);
  });
});
