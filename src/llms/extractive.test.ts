import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { describeLLM } from '../testing/llm-contract.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { ExtractiveLLM } from './extractive.ts';
import type { ChatDelta, ChatRequest, GroundingSource } from './llm.ts';

await describeLLM('The extractive LLM', () => new ExtractiveLLM(), {
  syncCallsBlock: false,
  makeStuck: () => new ExtractiveLLM({ paceMs: 2 ** 30 }),
});
await describeLLM('The extractive LLM with a pace', () => new ExtractiveLLM({ paceMs: 1 }), {
  syncCallsBlock: false,
});

interface Quote {
  readonly text: string;
  readonly id: number;
}

const lighthouse = [
  'The keeper climbs the tower every evening at dusk. He is seldom late. The tower has 120 steps.',
  'The lamp of the tower has burned oil since it was built. Oil is brought by boat once a month.',
  'Gulls nest on the cliffs in spring.',
];

function requestFor(question: string, texts: readonly (string | Omit<GroundingSource, 'id'>)[]): ChatRequest {
  const sources = texts.map((source, index) => ({
    id: index + 1,
    ...(typeof source === 'string' ? { text: source } : source),
  }));
  return { messages: [{ role: 'user', content: question }], grounding: { question, sources } };
}

function answer(question: string, texts: readonly (string | Omit<GroundingSource, 'id'>)[]): string {
  return new ExtractiveLLM().chatSync(requestFor(question, texts)).text;
}

/** The quotes of an answer; a quote never holds `” [n]` followed by another, since its own brackets are escaped. */
function quotesOf(text: string): readonly Quote[] {
  return [...text.matchAll(/“([^]*?)” \[(\d+)\](?=$| “|\n\n“)/g)].map(([, text = '', id]) => ({
    text,
    id: Number(id),
  }));
}

/** A text without what a quote may change: runs of white space, and the escapes of its brackets. */
function asQuoted(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/\\([[\]])/g, '$1');
}

describe('an extractive answer', () => {
  it('says that it quotes, and quotes the sentence that answers, with its source', () => {
    expect(answer('When does the keeper climb the tower?', lighthouse)).toBe(
      'Quoted from the documents, word for word:\n\n“The keeper climbs the tower every evening at dusk.” [1]',
    );
  });

  it.each([
    ['What is the capital of France?', 'The documents found for this question do not answer it.'],
    ['Who won the World Cup of 1998?', 'The documents found for this question do not answer it.'],
    ['?', 'The documents found for this question do not answer it.'],
    [
      'Wie heißt die Hauptstadt von Frankreich?',
      'Die zu dieser Frage gefundenen Dokumente beantworten sie nicht.',
    ],
  ])('of a question that the sources do not answer says so: %s', (question, expected) => {
    const { text, stopReason } = new ExtractiveLLM().chatSync(requestFor(question, lighthouse));
    expect(text).toBe(expected);
    expect(stopReason).toBe('no_sources');
  });

  it('without sources says the same', async () => {
    const request: ChatRequest = { messages: [{ role: 'user', content: 'What is a turn?' }] };
    expect(await new ExtractiveLLM().chat(request)).toMatchObject({ stopReason: 'no_sources' });
  });

  it('says a thing once where several sources have it', () => {
    const twice = [...lighthouse, `In short: ${lighthouse[0]}`, lighthouse[0] ?? ''];
    const quotes = quotesOf(answer('When does the keeper climb the tower?', twice));
    expect(quotes.map(({ text }) => text)).toEqual(['The keeper climbs the tower every evening at dusk.']);
  });

  it('prefers the sentence that begins with what is asked and says what it is', () => {
    const texts = [
      'When `beacon run` is interrupted, the log is kept. `beacon run` is quick. The licence of beacon is MIT.',
      'beacon is a program that guides ships at night. It was written in spring.',
    ];
    expect(quotesOf(answer('What is beacon?', texts))[0]).toEqual({
      text: 'beacon is a program that guides ships at night.',
      id: 2,
    });
  });

  it('asked how much something is finds the sentence that has it as a number', () => {
    const texts = ['A letter to the keeper is free.', 'A letter may have at most 300 words.'];
    expect(quotesOf(answer('How long may a letter be?', texts))[0]?.id).toBe(2);
  });

  it('finds what is asked about in the heading and in the code beside a sentence', () => {
    const texts = [
      'To send a letter to the keeper, use a pigeon.\n\n```sh\npigeon send\n```',
      { text: 'Call the harbour first, and wait for an answer.', heading: 'Letters › Stop a delivery' },
    ];
    expect(quotesOf(answer('How do I send a letter with pigeon send?', texts))[0]?.id).toBe(1);
    expect(quotesOf(answer('How do I stop a delivery by the harbour?', texts))[0]?.id).toBe(2);
  });

  it('gives the source of the best sentence first, and the sentences of a source in their order', () => {
    const texts = [
      'The harbour master asks the keeper about oil for the lamp.',
      'The lamp burns oil. Nothing else is burned. Oil for the lamp is kept in the cellar of the tower.',
    ];
    const quotes = quotesOf(answer('Where is the oil for the lamp kept in the tower?', texts));
    expect(quotes[0]?.id).toBe(2);
    const ofSecond = quotes.filter(({ id }) => id === 2).map(({ text }) => (texts[1] ?? '').indexOf(text));
    expect(ofSecond).toEqual(ofSecond.toSorted((a, b) => a - b));
  });

  it('escapes brackets of a quote that would be read as citations, and leaves those of code and links', () => {
    const text = 'The tower [3] of stone [1, 2] has `steps[4]` and [5](a.md) doors for keepers.';
    expect(answer('What does the tower of stone have for keepers?', [text])).toContain(
      String.raw`“The tower \[3\] of stone \[1, 2\] has ${'`steps[4]`'} and [5](a.md) doors for keepers.” [1]`,
    );
  });

  it('keeps to a number of tokens, and says that it was cut', () => {
    const request = { ...requestFor('When does the keeper climb the tower?', lighthouse), maxTokens: 14 };
    const { text, stopReason, usage } = new ExtractiveLLM().chatSync(request);
    expect(stopReason).toBe('length');
    expect(usage.outputTokens).toBeLessThanOrEqual(14);
    expect(estimateTokens(text)).toBe(usage.outputTokens);
    expect(answer('When does the keeper climb the tower?', lighthouse).startsWith(text)).toBe(true);
  });

  it('streams in pieces of a few words', async () => {
    const deltas: ChatDelta[] = await Array.fromAsync(
      new ExtractiveLLM().streamChat(requestFor('When does the keeper climb the tower?', lighthouse)),
    );
    const pieces = deltas.flatMap((delta) => (delta.type === 'text' ? [delta.text] : []));
    expect(pieces.length).toBeGreaterThan(4);
    for (const piece of pieces) expect(piece.trim().split(/\s+/).length).toBeLessThanOrEqual(3);
  });
});

const word = fc.constantFrom(
  'keeper',
  'tower',
  'climbs',
  'lamp',
  'oil',
  'the',
  'a',
  'is',
  'dusk',
  'e.g.',
  '3.5',
  '“so”',
  '`code[1]`',
  '`',
  '[2]',
  '[1, 3]',
  '[see](a.md)',
  '\\[4\\]',
  '**bold**',
  '|',
  '|',
  '並行',
  '。',
  '😀',
  '- ',
  '# ',
  '```',
  '\n',
  '\n\n',
  '. The',
  '? He',
  '! ',
  ';',
  ':',
  '\t',
  '  ',
  '”',
  '” [1]',
  '>',
  '<br>',
  '\\',
);
const sentence = fc
  .array(word, { maxLength: 3 })
  .map((words) => `The keeper of ${words.join(' ')} climbs the tower ${words.join('')} with oil.`);
const passage = fc.array(fc.oneof(word, sentence), { maxLength: 20 }).map((words) => words.join(' '));

describe('any passages', () => {
  it('are quoted verbatim, from the source that is cited, no sentence twice', () => {
    let quoted = 0;
    fc.assert(
      fc.property(fc.array(passage, { maxLength: 4 }), (passages) => {
        const { text, stopReason } = new ExtractiveLLM().chatSync(
          requestFor('Where does the keeper climb the tower with oil?', passages),
        );
        const quotes = quotesOf(text);
        if (stopReason === 'stop') expect(quotes.length).toBeGreaterThan(0);
        for (const { text: quote, id } of quotes) {
          expect(asQuoted(passages[id - 1] ?? '')).toContain(asQuoted(quote));
          quoted += 1;
        }
        expect(new Set(quotes.map(({ text }) => text)).size).toBe(quotes.length);
      }),
      { numRuns: 1500 },
    );
    expect(quoted).toBeGreaterThan(300);
  });
});
