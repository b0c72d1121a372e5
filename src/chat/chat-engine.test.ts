import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CitationQueryEngine } from '../citations/citation-query-engine.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import { CitestreamError } from '../errors.ts';
import { fixedChunk, FixedRetriever } from '../testing/fixed-retriever.ts';
import { Gate, ScriptedLLM } from '../testing/scripted-llm.ts';
import { ChatEngine } from './chat-engine.ts';
import { SqliteHistoryStore } from './sqlite-history-store.ts';
import type { TurnEvent } from './turn-event.ts';

let folder: string;
let histories = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-chat-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const passage = fixedChunk('A pool holds forty workers.', { id: 'c1', uri: 'docs/pools.md' });

function makeChat<R extends Retriever = FixedRetriever>(llm: ScriptedLLM, given?: R) {
  const retriever = given ?? new FixedRetriever([passage]);
  const history = new SqliteHistoryStore(join(folder, `${(histories += 1)}.sqlite`));
  const engine = new CitationQueryEngine({ retriever, llm });
  return { history, retriever, chat: new ChatEngine({ engine, llm, history }) };
}

async function collect(events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> {
  const all: TurnEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('a turn', () => {
  it('streams turn, sources, tokens with their citations and done, and is stored as it was streamed', async () => {
    const { chat, history } = makeChat(new ScriptedLLM(['A pool holds forty', ' workers [1', '] [7].']));
    const events = await collect(chat.stream({ sessionId: 's', message: 'How many?' }));
    expect(events.map(({ type }) => type).filter((type) => type !== 'token')).toEqual([
      'turn',
      'sources',
      'citation',
      'done',
    ]);
    const answer = events.flatMap((event) => (event.type === 'token' ? [event.text] : [])).join('');
    expect(answer).toBe('A pool holds forty workers [1].');
    const [stored] = await history.turns('s');
    expect(stored).toMatchObject({
      question: 'How many?',
      status: 'complete',
      outcome: { answer, finishReason: 'stop', citations: [{ id: 1, chunkId: 'c1', at: 27 }] },
    });
    const done = events.at(-1);
    expect(done).toMatchObject({ type: 'done', cited: [1] });
    expect(done?.type === 'done' && done.timings).toEqual(stored?.outcome?.timings);
  });

  it('is in the history before its reader is told that it is done', async () => {
    const { chat, history } = makeChat(new ScriptedLLM(['Yes [1].']));
    for await (const event of chat.stream({ sessionId: 's', message: 'Is it?' })) {
      if (event.type === 'done') expect((await history.turns('s'))[0]?.status).toBe('complete');
    }
    expect.assertions(1);
  });

  it('ends with an error event when the model fails, and keeps what was written', async () => {
    const llm = new ScriptedLLM(['A pool', new CitestreamError('LLM_FAILED', 'The model is gone.')]);
    const { chat, history } = makeChat(llm);
    const events = await collect(chat.stream({ sessionId: 's', message: 'How many?' }));
    expect(events.at(-1)).toEqual({
      type: 'error',
      code: 'LLM_FAILED',
      message: 'The model is gone.',
      retryable: true,
    });
    const [stored] = await history.turns('s');
    expect(stored).toMatchObject({
      status: 'failed',
      outcome: { answer: 'A pool', error: { code: 'LLM_FAILED' } },
    });
  });

  it('ends with an error event when retrieval fails, with the question kept', async () => {
    const retriever: Retriever = {
      retrieve: async () => {
        throw new CitestreamError('STORE_FAILED', 'The disk is gone.');
      },
    };
    const { chat, history } = makeChat(new ScriptedLLM(['Never.']), retriever);
    const events = await collect(chat.stream({ sessionId: 's', message: 'How many?' }));
    expect(events.map(({ type }) => type)).toEqual(['turn', 'error']);
    expect(await history.turns('s')).toMatchObject([{ question: 'How many?', status: 'failed' }]);
  });

  it('ends with an error event when the history cannot be written, never without a last event', async () => {
    for (const script of [
      ['Forty [1].'],
      ['A pool', new CitestreamError('LLM_FAILED', 'The model is gone.')],
    ]) {
      const { chat, history } = makeChat(new ScriptedLLM(script));
      const events: TurnEvent[] = [];
      for await (const event of chat.stream({ sessionId: 's', message: 'How many?' })) {
        events.push(event);
        if (event.type === 'sources') await history[Symbol.asyncDispose]();
      }
      expect(events.at(-1)).toMatchObject({
        type: 'error',
        code: 'DATA_FOLDER',
        message: expect.stringMatching(/^The history could not be written: /) as string,
      });
    }
  });

  it('ends with done and stopped when somebody stops it, and the upstream is aborted', async () => {
    const llm = new ScriptedLLM(['A pool holds ', new Gate()]);
    const { chat, history } = makeChat(llm);
    const events: TurnEvent[] = [];
    for await (const event of chat.stream({ sessionId: 's', message: 'How many?' })) {
      events.push(event);
      const [first] = events;
      if (event.type === 'token' && first?.type === 'turn') expect(chat.stop(first.turnId)).toBe(true);
    }
    expect(events.at(-1)).toMatchObject({ type: 'done', finishReason: 'stopped' });
    expect(await history.turns('s')).toMatchObject([
      { status: 'partial', outcome: { answer: 'A pool holds' } },
    ]);
    expect(llm.calls.filter(({ state }) => state === 'running')).toEqual([]);
    expect(chat.running).toBe(0);
    expect(chat.stop('turn_of_nobody')).toBe(false);
  });

  it('is stored as partial when its reader leaves, and the upstream is aborted', async () => {
    const llm = new ScriptedLLM(['A pool holds ', new Gate()]);
    const { chat, history } = makeChat(llm);
    for await (const event of chat.stream({ sessionId: 's', message: 'How many?' })) {
      if (event.type === 'token') break;
    }
    expect(await history.turns('s')).toMatchObject([
      { status: 'partial', outcome: { answer: 'A pool holds' } },
    ]);
    expect(llm.calls.filter(({ state }) => state === 'running')).toEqual([]);
    expect(chat.running).toBe(0);
  });

  it('answers without a model call when nothing is found', async () => {
    const llm = new ScriptedLLM(['Never.']);
    const { chat } = makeChat(llm, new FixedRetriever([]));
    const events = await collect(chat.stream({ message: 'How many?' }));
    expect(events.at(-1)).toMatchObject({ type: 'done', finishReason: 'no_sources', cited: [] });
    expect(llm.calls).toEqual([]);
  });

  it('gives a new session its id', async () => {
    const { chat, history } = makeChat(new ScriptedLLM(['Yes [1].']));
    const [first] = await collect(chat.stream({ message: 'Is it?' }));
    const sessionId = first?.type === 'turn' ? first.sessionId : '';
    expect(sessionId).toMatch(/^session_[\w-]{36}$/);
    expect(await history.session(sessionId)).toMatchObject({ title: 'Is it?', turns: 1 });
  });

  it.each([
    ['an empty message', { message: ' \n ' }, 'message'],
    ['a message that is too long', { message: 'x'.repeat(32_001) }, 'message'],
    ['a malformed session id', { message: 'Is it?', sessionId: '../../etc' }, 'session_id'],
  ])('refuses %s at the call', (_, turn, field) => {
    const { chat } = makeChat(new ScriptedLLM(['Never.']));
    expect(() => chat.stream(turn)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT', field }));
  });
});

describe('a follow-up', () => {
  it('is asked with the conversation, and retrieves with the question before it when it leans on that', async () => {
    const llm = new ScriptedLLM(['Forty [1].']);
    const { chat, retriever } = makeChat(llm);
    await collect(chat.stream({ sessionId: 's', message: 'How many workers has the pool?' }));
    await collect(chat.stream({ sessionId: 's', message: 'And how is it stopped?' }));
    expect(retriever.calls.map(({ question }) => question)).toEqual([
      'How many workers has the pool?',
      'How many workers has the pool?\nAnd how is it stopped?',
    ]);
    expect(llm.calls[1]?.request.messages.slice(0, 2)).toEqual([
      { role: 'user', content: 'How many workers has the pool?' },
      { role: 'assistant', content: 'Forty.' },
    ]);
  });

  it('retrieves by itself when it stands alone', async () => {
    const { chat, retriever } = makeChat(new ScriptedLLM(['Forty [1].']));
    await collect(chat.stream({ sessionId: 's', message: 'How many workers has the pool?' }));
    await collect(
      chat.stream({ sessionId: 's', message: 'Which file formats does the ingest command read?' }),
    );
    expect(retriever.calls.at(-1)?.question).toBe('Which file formats does the ingest command read?');
  });

  it('is condensed by a model that follows instructions', async () => {
    const llm = new ScriptedLLM(
      (request) => (request.grounding === undefined ? 'How is the pool stopped?' : 'Forty [1].'),
      { capabilities: { followsInstructions: true } },
    );
    const { chat, retriever } = makeChat(llm);
    await collect(chat.stream({ sessionId: 's', message: 'How many workers has the pool?' }));
    await collect(chat.stream({ sessionId: 's', message: 'And how is it stopped?' }));
    expect(retriever.calls.at(-1)?.question).toBe('How is the pool stopped?');
  });

  it('knows nothing of other sessions', async () => {
    const llm = new ScriptedLLM(['Forty [1].']);
    const { chat } = makeChat(llm);
    await collect(chat.stream({ sessionId: 'a', message: 'How many workers has the pool?' }));
    await collect(chat.stream({ sessionId: 'b', message: 'And how is it stopped?' }));
    expect(JSON.stringify(llm.calls[1]?.request)).not.toContain('How many workers has the pool?');
  });
});
