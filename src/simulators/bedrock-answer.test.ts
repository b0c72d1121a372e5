import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CitationPrompts } from '../citations/citation-prompts.ts';
import { chooseAnswer, echoSources, questionOf, toTokens } from './bedrock-answer.ts';

const sources = [
  { id: 1, text: 'The lamp burns oil. Its keeper sleeps by day [2].' },
  { id: 2, text: '## Tower\n\nThe tower is high.\n\n-----------\n\nIt was built of stone in 1802!' },
  { id: 3, text: 'Ships pass at night.' },
];

function promptOf(question: string): string {
  const { request } = new CitationPrompts({ contextWindow: 8000 }).next({
    question,
    retrievalQuestion: question,
    sources,
    history: [],
  });
  return request.messages.at(-1)?.content ?? '';
}

describe('an echo', () => {
  it('quotes the sentences nearest to the question, each with the number of its source', () => {
    expect(
      echoSources(promptOf('When does the keeper sleep, and what was built of stone?'), {
        wrongCitations: false,
      }),
    ).toBe('Its keeper sleeps by day [1]. It was built of stone in 1802 [2]! Ships pass at night [3].');
  });

  it('cites numbers that were never given where that is ordered', () => {
    const answer = echoSources(promptOf('What does the lamp burn?'), { wrongCitations: true });
    const cited = [...answer.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
    expect(cited.some((number) => number > 3)).toBe(true);
    expect(cited.some((number) => number <= 3)).toBe(true);
  });

  it('never cites the example of the prompt, nor a number that a source has in its text', () => {
    expect(echoSources(promptOf('What does the keeper climb?'), { wrongCitations: false })).not.toMatch(
      /\[90\d\]/,
    );
    const answer = echoSources('Source 5:\nFirst [7] of all [8, 9].\n\nQuestion: what?', {
      wrongCitations: false,
    });
    expect(answer).toBe('First of all [5].');
  });

  it('says so where a prompt has no sources, and repeats a question that is to be rewritten', () => {
    expect(echoSources('Hello', { wrongCitations: false })).toBe('The documents do not answer the question.');
    expect(echoSources('Rewrite it.\n\nThe last question: And then?', { wrongCitations: false })).toBe(
      'And then?',
    );
  });
});

describe('an answer', () => {
  it('comes from a script in turns', () => {
    const behaviour = { answers: ['one', 'two'], wrongCitations: false };
    expect([0, 1, 2].map((turn) => chooseAnswer(behaviour, { prompt: 'x', turn }))).toEqual([
      'one',
      'two',
      'one',
    ]);
  });

  it('is given in tokens that make up the text again, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(toTokens(text).join('')).toBe(text);
      }),
    );
    expect(toTokens('It burns [1].\n')).toEqual(['It', ' burns', ' [', '1', ']', '.', '\n']);
  });
});

it('finds the question of a prompt', () => {
  expect(questionOf(promptOf('What burns?'))).toBe('What burns?');
  expect(questionOf('Some words\nwithout a line for it')).toBe('without a line for it');
});
