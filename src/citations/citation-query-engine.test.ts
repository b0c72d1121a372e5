import { describe, expect, it } from 'vitest';

import type { ScoredChunk } from '../documents/document.ts';
import { CitestreamError, InvalidInputError, NotImplementedError } from '../errors.ts';
import type { ChatRequest } from '../llms/llm.ts';
import { FixedRetriever, fixedChunk } from '../testing/fixed-retriever.ts';
import {
  BROKEN_OFF,
  Gate,
  ScriptedLLM,
  type Script,
  type ScriptedLLMOptions,
} from '../testing/scripted-llm.ts';
import { CitationQueryEngine, type CitationQueryEngineOptions } from './citation-query-engine.ts';
import { collectResult } from './collect-result.ts';
import type { QueryEvent } from './query-event.ts';

const keeper = fixedChunk('The keeper climbs the tower every evening at dusk.');
const lamp = fixedChunk('The lamp has burned oil since the tower was built.', {
  id: 'lamp',
  start: 100,
  documentId: 'document-2',
  title: 'The lamp',
  heading: 'Lamps › Oil',
  page: 3,
  score: 0.5,
});
const both = [keeper, lamp];

/** About `count` words in sentences, each another. */
function longText(count: number): string {
  const sentences = Array.from(
    { length: count / 8 },
    (_, index) => `Step ${index} of the tower is made of stone.`,
  );
  return sentences.join(' ');
}

function setUp(
  script: Script,
  {
    chunks = both,
    llm: llmOptions = {},
    ...options
  }: Partial<Omit<CitationQueryEngineOptions, 'llm' | 'retriever'>> & {
    readonly chunks?: readonly ScoredChunk[];
    readonly llm?: ScriptedLLMOptions;
  } = {},
) {
  const llm = new ScriptedLLM(script, llmOptions);
  const retriever = new FixedRetriever(chunks);
  const engine = new CitationQueryEngine({ llm, retriever, clock: () => 0, ...options });
  return { llm, retriever, engine };
}

async function eventsOf(events: AsyncIterable<QueryEvent>): Promise<readonly QueryEvent[]> {
  return Array.fromAsync(events);
}

function textOf(events: readonly QueryEvent[]): string {
  return events.map((event) => (event.type === 'token' ? event.text : '')).join('');
}

function promptOf({ messages }: ChatRequest): string {
  return messages.at(-1)?.content ?? '';
}

/** Reads to the end or the failure; gives what came before it. */
async function readUntilFailure(events: AsyncIterable<QueryEvent>) {
  const read: QueryEvent[] = [];
  try {
    for await (const event of events) read.push(event);
  } catch (error) {
    return { read, error };
  }
  return { read, error: undefined };
}

describe('retrieving', () => {
  it('gives the chunks as they were found, unsplit, and passes the options on', async () => {
    const long = { ...fixedChunk(longText(1200)), score: 2 };
    const { engine, retriever, llm } = setUp('', { chunks: [long, keeper] });
    expect(await engine.retrieve('What?', { topK: 1 })).toEqual([long]);
    expect(retriever.calls).toEqual([{ question: 'What?', options: { topK: 1 } }]);
    expect(llm.calls).toEqual([]);
  });
});

describe('a streamed answer', () => {
  it('gives its sources first, then text and citations, then its end', async () => {
    const { engine } = setUp('The keeper climbs the tower at dusk [1].', {
      llm: { usage: { inputTokens: 70, outputTokens: 9 } },
    });
    const events = await eventsOf(engine.streamQuery('When does the keeper climb?'));
    expect(events[0]).toEqual({
      type: 'sources',
      sources: [
        expect.objectContaining({ id: 1, chunkId: 'chunk-0', start: 0, end: 50, text: keeper.chunk.text }),
        {
          id: 2,
          chunkId: 'lamp',
          documentId: 'document-2',
          title: 'The lamp',
          uri: 'a-document.md',
          page: 3,
          heading: 'Lamps › Oil',
          start: 100,
          end: 150,
          score: 0.5,
          text: lamp.chunk.text,
        },
      ],
    });
    expect(events.slice(1, -1).every(({ type }) => type === 'token' || type === 'citation')).toBe(true);
    expect(textOf(events)).toBe('The keeper climbs the tower at dusk [1].');
    expect(events.filter(({ type }) => type === 'citation')).toEqual([
      { type: 'citation', citation: { id: 1, chunkId: 'chunk-0', at: 36, support: 'supported' } },
    ]);
    expect(events.at(-1)).toEqual({
      type: 'done',
      finishReason: 'stop',
      usage: { inputTokens: 70, outputTokens: 9 },
      cited: [1],
      timings: { retrievalMs: 0, firstTokenMs: 0, totalMs: 0 },
    });
  });

  it('gives its first text before the model has written its last', async () => {
    const gate = new Gate();
    const { engine } = setUp(['The keeper ', gate, 'climbs [1].']);
    const read: QueryEvent[] = [];
    for await (const event of engine.streamQuery('When?')) {
      read.push(event);
      if (event.type === 'token') gate.open();
    }
    expect(textOf(read)).toBe('The keeper climbs [1].');
  });

  it('comes to the same as query and synthesize, whatever the model does with brackets', async () => {
    const script = 'Both hold [1, 2], this never [7], `code[1]` stays, and this is cut [2';
    const { engine } = setUp(script);
    const streamed = await collectResult(engine.streamQuery('What?'));
    expect(await engine.query('What?')).toEqual(streamed);
    expect(await engine.synthesize('What?', both)).toEqual(streamed);
    expect(streamed.answer).toBe('Both hold [1][2], this never, `code[1]` stays, and this is cut [2');
    expect(streamed.cited).toEqual([1, 2]);
  });

  it('sends the model the same prompt streamed or not', async () => {
    const { engine, llm } = setUp('It is so [1].');
    await eventsOf(engine.streamQuery('What?'));
    await engine.query('What?');
    expect(llm.calls.map(({ kind }) => kind)).toEqual(['streamChat', 'chat']);
    expect(llm.calls[1]?.request).toEqual(llm.calls[0]?.request);
  });

  it('measures its steps by the clock it was given, to a tenth of a millisecond', async () => {
    let now = 100;
    const { engine } = setUp('It is so.', { clock: () => (now += 10.012345) });
    const { timings } = await engine.query('What?');
    expect(timings.retrievalMs).toBeGreaterThan(0);
    expect(timings.firstTokenMs).toBeGreaterThan(timings.retrievalMs);
    expect(timings.totalMs).toBeGreaterThan(timings.firstTokenMs);
    for (const milliseconds of Object.values(timings)) expect(String(milliseconds)).toMatch(/^\d+(\.\d)?$/);
  });

  it('is refused at the call where the LLM cannot stream, while query answers', async () => {
    const { engine, retriever } = setUp('It is so [1].', {
      llm: { name: 'mute', capabilities: { streamChat: false } },
    });
    expect(() => engine.streamQuery('What?')).toThrow(NotImplementedError);
    expect(() => engine.streamQuery('What?')).toThrow(/mute/);
    expect(retriever.calls).toEqual([]);
    expect(await engine.query('What?')).toMatchObject({ answer: 'It is so [1].' });
  });

  it('is there whole where the LLM can only stream', async () => {
    const { engine } = setUp('It is so [1].', { llm: { capabilities: { chat: false } } });
    expect(await engine.query('What?')).toMatchObject({ answer: 'It is so [1].', cited: [1] });
  });
});

describe('the sources', () => {
  it('are split to the citation size, numbered over all chunks, and true to their offsets', async () => {
    const text = longText(1600);
    const long = fixedChunk(text, { start: 1000, tokens: 2000 });
    const { engine, llm } = setUp('So it is [1].', { chunks: [long, lamp] });
    const { sources } = await engine.query('What?');
    expect(sources.length).toBeGreaterThan(3);
    expect(sources.map(({ id }) => id)).toEqual(sources.map((_, index) => index + 1));
    expect(sources.at(-1)?.chunkId).toBe('lamp');
    for (const source of sources.slice(0, -1)) {
      expect(source.chunkId).toBe(long.chunk.id);
      expect(source.text).toBe(text.slice(source.start - 1000, source.end - 1000));
    }
    const labels = [...promptOf(llm.calls[0]?.request ?? { messages: [] }).matchAll(/^Source (\d+):$/gm)];
    expect(labels.map(([, id]) => Number(id)).filter((id) => id < 900)).toEqual(sources.map(({ id }) => id));
  });

  it('are as long and overlap as much as is asked', async () => {
    const long = fixedChunk(longText(400), { tokens: 500 });
    const pieces = async (options: Partial<CitationQueryEngineOptions>) => {
      const { engine } = setUp('So.', { chunks: [long], ...options });
      return (await engine.query('What?')).sources;
    };
    expect(await pieces({ citationChunkSize: 500 })).toHaveLength(1);
    const apart = await pieces({ citationChunkSize: 100, citationChunkOverlap: 0 });
    const lapped = await pieces({ citationChunkSize: 100, citationChunkOverlap: 30 });
    const laps = (sources: typeof apart) =>
      sources.slice(1).filter(({ start }, index) => start < (sources[index]?.end ?? 0)).length;
    expect(apart.length).toBeGreaterThan(3);
    expect(laps(apart)).toBe(0);
    expect(laps(lapped)).toBe(lapped.length - 1);
  });

  it('are handed to an LLM that quotes with their titles and headings', async () => {
    const { engine, llm } = setUp('So.');
    await engine.query('And then?', { retrievalQuestion: 'What?\nAnd then?' });
    expect(llm.calls[0]?.request.grounding).toEqual({
      question: 'What?\nAnd then?',
      sources: [
        { id: 1, text: keeper.chunk.text, title: 'A document' },
        { id: 2, text: lamp.chunk.text, title: 'The lamp', heading: 'Lamps › Oil' },
      ],
    });
  });

  it.each([
    ['none', []],
    ['chunks without text', [fixedChunk(' \n ')]],
  ])('where there are %s, the answer says so and no LLM is asked', async (_name, chunks) => {
    const { engine, llm } = setUp('Never.', { chunks });
    const events = await eventsOf(engine.streamQuery('What?'));
    expect(events.map(({ type }) => type)).toEqual(['sources', 'token', 'done']);
    expect(textOf(events)).toBe('Nothing about this question was found in the documents.');
    expect(events.at(-1)).toMatchObject({
      finishReason: 'no_sources',
      usage: { inputTokens: 0, outputTokens: 0 },
      cited: [],
    });
    expect(llm.calls).toEqual([]);
    expect(await engine.query('What?')).toEqual(await collectResult(engine.streamQuery('What?')));
  });
});

describe('the prompts', () => {
  it('can be replaced, and take braces verbatim', async () => {
    const { engine, llm } = setUp('So.', {
      chunks: [fixedChunk('{question} is a variable, and so is {{context}}.')],
      qaTemplate: 'Sources: {context} / Asked: {question} / JSON: {{name}} {"a": 1}',
    });
    await engine.query('What is {context}?');
    expect(promptOf(llm.calls[0]?.request ?? { messages: [] })).toBe(
      'Sources: Source 1:\n{question} is a variable, and so is {{context}}. / Asked: What is {context}? / JSON: {name} {"a": 1}',
    );
  });

  it('are refused when the engine is made, where a variable lacks or is unknown', () => {
    expect(() => setUp('', { qaTemplate: '{context} {questoin}' })).toThrow(InvalidInputError);
    expect(() => setUp('', { qaTemplate: '{context}' })).toThrow(
      /qaTemplate lacks the variable \{question\}/,
    );
    expect(() => setUp('', { refineTemplate: '{context} {question}' })).toThrow(/existing_answer/);
  });

  it('hold the conversation from its first question on, and the limit of the answer', async () => {
    const { engine, llm } = setUp('So.');
    await engine.query('And then?', {
      history: [
        { role: 'assistant', content: 'Cut off.' },
        { role: 'user', content: 'What?' },
        { role: 'assistant', content: 'This.' },
      ],
      maxTokens: 77,
    });
    const { messages, maxTokens } = llm.calls[0]?.request ?? { messages: [] };
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(messages[0]?.content).toBe('What?');
    expect(maxTokens).toBe(77);
  });

  it('refine the answer with the sources that had no room, in their order, and stream only the last reply', async () => {
    const chunks = Array.from({ length: 6 }, (_, index) =>
      fixedChunk(`Fact ${index + 1}. ${longText(240)}`, { start: index * 10_000 }),
    );
    const { engine, llm } = setUp((_request, index) => `Answer ${index + 1} holds [${index + 1}, 99].`, {
      chunks,
      llm: { capabilities: { contextWindow: 2500 }, usage: { inputTokens: 100, outputTokens: 10 } },
    });
    const events = await eventsOf(engine.streamQuery('What?'));
    const calls = llm.calls.length;
    expect(calls).toBeGreaterThan(1);
    expect(llm.calls.map(({ kind }) => kind)).toEqual([...Array(calls - 1).fill('chat'), 'streamChat']);
    expect(textOf(events)).toBe(`Answer ${calls} holds [${calls}].`);
    expect(events.at(-1)).toMatchObject({ usage: { inputTokens: 100 * calls, outputTokens: 10 * calls } });
    const shown = llm.calls.flatMap(({ request }) => request.grounding?.sources.map(({ id }) => id) ?? []);
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    expect(new Set(shown).size).toBe(6);
    // The answer so far goes on as readers would have it, without numbers that were never given.
    expect(promptOf(llm.calls[1]?.request ?? { messages: [] })).toContain('Answer 1 holds [1].');
    for (const { request } of llm.calls) {
      for (const { id, text } of request.grounding?.sources ?? []) {
        expect(promptOf(request)).toContain(`Source ${id}:\n${text.trim()}`);
      }
    }
    expect((await engine.query('What?')).sources).toHaveLength(6);
  });

  it('keep the answer before a refining reply that is empty', async () => {
    const chunks = [fixedChunk(longText(800)), fixedChunk(longText(800), { id: 'second' })];
    const { engine, llm } = setUp((_request, index) => (index === 0 ? 'It is so [1].' : ' '), {
      chunks,
      llm: { capabilities: { contextWindow: 1800 } },
    });
    const { answer } = await engine.query('What?');
    expect(llm.calls.length).toBeGreaterThan(1);
    expect(answer.trim()).toBe('It is so [1].');
  });

  it('that leave no room for sources are refused with what to do', async () => {
    const { engine, llm } = setUp('So.', { llm: { capabilities: { contextWindow: 400 } } });
    await expect(engine.query('What?')).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(llm.calls).toEqual([]);
  });
});

describe('an answer that does not end well', () => {
  it('that is aborted before asks nothing and throws the reason', async () => {
    const { engine, retriever, llm } = setUp('So.');
    const reason = new Error('The reader has left.');
    const { read, error } = await readUntilFailure(
      engine.streamQuery('What?', { signal: AbortSignal.abort(reason) }),
    );
    expect({ read, error }).toEqual({ read: [], error: reason });
    expect([retriever.calls.length, llm.calls.length]).toEqual([0, 0]);
  });

  it('that is aborted while the model writes ends the call and throws the reason', async () => {
    const gate = new Gate();
    const { engine, llm } = setUp(['The keeper [1', gate, '].']);
    const controller = new AbortController();
    const reason = new Error('The reader has left.');
    const reading = readUntilFailure(engine.streamQuery('What?', { signal: controller.signal }));
    await gate.reached;
    controller.abort(reason);
    const { read, error } = await reading;
    expect(error).toBe(reason);
    expect(read.some(({ type }) => type === 'done')).toBe(false);
    expect(llm.calls.map(({ state }) => state)).toEqual(['aborted']);
  });

  it('that its reader leaves ends the call', async () => {
    const { engine, llm } = setUp('One two three four [1].');
    for await (const event of engine.streamQuery('What?')) if (event.type === 'token') break;
    expect(llm.calls.map(({ state }) => state)).toEqual(['left']);
  });

  it('whose model fails gives all that was written before the error, a held bracket too', async () => {
    const failure = new Error('The model is on fire.');
    const { engine } = setUp(['The keeper climbs [1], and [2', failure]);
    const { read, error } = await readUntilFailure(engine.streamQuery('What?'));
    expect(textOf(read)).toBe('The keeper climbs [1], and [2');
    expect(read.filter(({ type }) => type === 'citation')).toHaveLength(1);
    expect(read.some(({ type }) => type === 'done')).toBe(false);
    expect(error).toBeInstanceOf(CitestreamError);
    expect(error).toMatchObject({ code: 'LLM_FAILED', message: 'The model is on fire.', cause: failure });
  });

  it('whose model breaks off is a failure and no short answer', async () => {
    const { engine } = setUp(['The keeper', BROKEN_OFF], { llm: { name: 'frail' } });
    const { read, error } = await readUntilFailure(engine.streamQuery('What?'));
    expect(textOf(read)).toBe('The keeper');
    expect(error).toMatchObject({ code: 'LLM_FAILED' });
    expect(String(error)).toContain('frail');
    await expect(engine.query('What?')).rejects.toMatchObject({ code: 'LLM_FAILED' });
  });

  it('keeps the reason why the model stopped', async () => {
    const end = { type: 'end', stopReason: 'length', usage: { inputTokens: 1, outputTokens: 2 } } as const;
    const { engine } = setUp(['Cut', end]);
    expect(await engine.query('What?')).toMatchObject({ finishReason: 'length', usage: end.usage });
  });

  it('has what retrieving threw', async () => {
    const failure = new CitestreamError('STORE_FAILED', 'The disk is gone.');
    const engine = new CitationQueryEngine({
      llm: new ScriptedLLM('Never.'),
      retriever: { retrieve: async () => Promise.reject(failure) },
    });
    const { read, error } = await readUntilFailure(engine.streamQuery('What?'));
    expect({ read, error }).toEqual({ read: [], error: failure });
  });
});

describe('collecting a result', () => {
  it('refuses events that end without their last', async () => {
    async function* events(): AsyncGenerator<QueryEvent> {
      yield { type: 'sources', sources: [] };
    }
    await expect(collectResult(events())).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
