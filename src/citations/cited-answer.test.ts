import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ExtractiveLLM } from '../llms/extractive.ts';
import { fixedChunk } from '../testing/fixed-retriever.ts';
import { CitedAnswer } from './cited-answer.ts';
import { lexicalSupportCheck } from './lexical-support-check.ts';
import { numberSources } from './number-sources.ts';
import type { Claim } from './support-check.ts';

const sizes = { chunkSize: 512, chunkOverlap: 20 };

function read(answer: CitedAnswer, parts: readonly string[]) {
  const events = [...parts.flatMap((part) => answer.push(part)), ...answer.end()];
  return {
    text: events.map((event) => (event.type === 'token' ? event.text : '')).join(''),
    citations: events.flatMap((event) => (event.type === 'citation' ? [event.citation] : [])),
  };
}

describe('a cited answer', () => {
  it('asks about each citation with its claim and the sources cited for the same claim before it', async () => {
    const texts = ['The lamp burns oil.', 'The keeper climbs.', 'Gulls nest.'];
    const sources = await numberSources(
      texts.map((text, index) => fixedChunk(text, { start: index * 100 })),
      sizes,
    );
    const asked: Claim[] = [];
    const answer = new CitedAnswer({
      sources,
      supportCheck: (claim) => {
        asked.push({ ...claim, alsoCited: [...claim.alsoCited] });
        return 'weak';
      },
    });
    const { citations } = read(answer, ['The lamp burns oil [1, 2]. Gulls nest in spring [3] [1].']);
    expect(
      asked.map(({ claim, source, alsoCited }) => [claim, source.id, alsoCited.map(({ id }) => id)]),
    ).toEqual([
      ['The lamp burns oil', 1, []],
      ['The lamp burns oil', 2, [1]],
      ['Gulls nest in spring', 3, []],
      ['Gulls nest in spring', 1, [3]],
    ]);
    expect(citations.map(({ chunkId, support }) => [chunkId, support])).toEqual([
      ['chunk-0', 'weak'],
      ['chunk-100', 'weak'],
      ['chunk-200', 'weak'],
      ['chunk-0', 'weak'],
    ]);
    expect(answer.cited).toEqual([1, 2, 3]);
  });
});

describe('a very long answer', () => {
  it('has the same claims at its end as at its beginning, and takes time in proportion', async () => {
    const sources = await numberSources([fixedChunk('The lamp burns oil.')], sizes);
    const claims = new Set<string>();
    const answer = new CitedAnswer({
      sources,
      supportCheck: ({ claim }) => {
        claims.add(claim);
        return 'weak';
      },
    });
    const part = 'The lamp of the tower burns oil [1]. ';
    const { citations, text } = read(answer, Array<string>(20_000).fill(part));
    expect([...claims]).toEqual(['The lamp of the tower burns oil']);
    expect(citations).toHaveLength(20_000);
    expect(citations.at(-1)?.at).toBe(text.lastIndexOf('['));
  });
});

const word = fc.constantFrom(
  'keeper',
  'tower',
  '[2]',
  '[1, 3]',
  '[[1]]',
  '[see](a.md)',
  '[1](a.md)',
  '[guide][2]',
  '[^1]',
  '\\[4\\]',
  '\\',
  '`code[1]`',
  '``a`[2]``',
  '[Source 3]',
  '[sources 1 and 2]',
  '[1',
  '2]',
  '[',
  ']',
  ': http://a.example',
  '~~~',
  '並行',
  '😀',
);
const sentence = fc
  .tuple(fc.array(word, { maxLength: 4 }), fc.constantFrom('', ' '))
  .map(
    ([words, glue]) => `${words.join(glue)} The keeper of the ${words.join(glue)} climbs the tower with oil.`,
  );

describe('what the extractive LLM quotes', () => {
  it('leaves with every quote cited once, supported by its source, whatever brackets the documents hold', async () => {
    let cited = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(sentence, { maxLength: 3 }), { maxLength: 3 }), async (passages) => {
        const sources = await numberSources(
          passages.map((sentences, index) => fixedChunk(sentences.join('\n\n'), { start: index * 10_000 })),
          sizes,
        );
        const question = 'Where does the keeper climb the tower with oil?';
        const { text } = new ExtractiveLLM().chatSync({
          messages: [{ role: 'user', content: question }],
          grounding: { question, sources },
        });
        const result = read(new CitedAnswer({ sources, supportCheck: lexicalSupportCheck }), [...text]);
        expect(result.text).toBe(text);
        const written = [...text.matchAll(/” \[(\d+)\](?=$| “|\n\n“)/g)];
        expect(result.citations.map(({ id, at }) => [id, at])).toEqual(
          written.map(({ 1: id, index }) => [Number(id), index + 2]),
        );
        expect(result.citations.filter(({ support }) => support !== 'supported')).toEqual([]);
        cited += result.citations.length;
      }),
      { numRuns: 1000 },
    );
    expect(cited).toBeGreaterThan(200);
  });
});
