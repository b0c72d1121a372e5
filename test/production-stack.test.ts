import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  createCitestream,
  loadConfiguration,
  runIngest,
  type Citestream,
  type TurnEvent,
} from '../src/index.ts';
import { startBedrockSimulator, startQdrantSimulator } from '../src/testing/index.ts';
import { root } from './guides.ts';

/** The whole with Qdrant for its store and a model of Bedrock, through the official clients. */
const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const QUESTION = 'How do I stop a running answer?';

let folder: string;
let bedrock: Awaited<ReturnType<typeof startBedrockSimulator>>;
let qdrant: Awaited<ReturnType<typeof startQdrantSimulator>>;
let citestream: Citestream;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-production-'));
  [bedrock, qdrant] = await Promise.all([startBedrockSimulator({ port: 0 }), startQdrantSimulator()]);
  for (const [name, value] of Object.entries(bedrock.environment)) vi.stubEnv(name, value);
  const { configuration } = loadConfiguration({
    environment: {},
    settings: {
      dataDir: folder,
      store: `qdrant:${qdrant.url}/docs`,
      llm: `bedrock-converse:${MODEL}`,
      generation: { maxRetries: 1 },
    },
  });
  await runIngest({ paths: [join(root, 'docs')], configuration });
  citestream = await createCitestream(configuration);
});
beforeEach(() => {
  bedrock.clearFaults();
  bedrock.configure({ firstTokenDelayMs: 0, tokensPerSecond: 0 });
});
afterAll(async () => {
  await citestream[Symbol.asyncDispose]();
  await Promise.all([bedrock.close(), qdrant.close()]);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(signal?: AbortSignal): Promise<TurnEvent[]> {
  const events: TurnEvent[] = [];
  const turn = { message: QUESTION, ...(signal === undefined ? {} : { signal }) };
  for await (const event of citestream.chat.stream(turn)) events.push(event);
  return events;
}

const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === 'token' ? event.text : '')).join('');

const noStreamIsOpen = async (): Promise<void> =>
  expect.poll(() => bedrock.counts().openNow, { timeout: 10_000 }).toBe(0);

describe('Qdrant and Bedrock', () => {
  it('answer with the same order of events, and citations that resolve', async () => {
    const events = await ask();
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['turn', 'sources']);
    expect(events.at(-1)).toMatchObject({ type: 'done', finishReason: 'stop' });
    const answer = textOf(events);
    const citations = events.flatMap((event) => (event.type === 'citation' ? [event.citation] : []));
    expect(citations.length).toBeGreaterThan(0);
    for (const { id, at, chunkId } of citations) {
      expect(answer.startsWith(`[${id}]`, at)).toBe(true);
      expect(await citestream.store.getChunk(chunkId)).toMatchObject({ id: chunkId });
    }
    await noStreamIsOpen();
  });

  it('drop the numbers that a model made up', async () => {
    bedrock.configure({ wrongCitations: true });
    const events = await ask();
    bedrock.configure({ wrongCitations: false });
    const given = new Set(
      events.flatMap((event) => (event.type === 'sources' ? event.sources.map(({ id }) => id) : [])),
    );
    const shown = [...textOf(events).matchAll(/\[(\d+)\]/g)].map(([, id]) => Number(id));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((id) => !given.has(id))).toEqual([]);
  });

  it('ask again when they are throttled before the first token, and nobody notices', async () => {
    bedrock.order({ kind: 'throttle', times: 1 });
    const before = bedrock.counts().requested;
    expect((await ask()).at(-1)).toMatchObject({ type: 'done', finishReason: 'stop' });
    expect(bedrock.counts().requested - before).toBe(2);
  });

  it('end with an error after the first token, ask for nothing twice, and keep what was written', async () => {
    bedrock.order({ kind: 'throttle-inside', afterTokens: 5, times: 1 });
    const before = bedrock.counts().requested;
    const events = await ask();
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'THROTTLED', retryable: true });
    expect(bedrock.counts().requested - before).toBe(1);
    const [turn] = events;
    const sessionId = turn?.type === 'turn' ? turn.sessionId : '';
    const [stored] = await citestream.history.turns(sessionId);
    expect(stored?.outcome?.answer).toBe(textOf(events));
    expect(textOf(events)).not.toBe('');
    await noStreamIsOpen();
  });

  it('close the upstream stream when the reader leaves', async () => {
    bedrock.configure({ tokensPerSecond: 20 });
    const controller = new AbortController();
    const events: TurnEvent[] = [];
    for await (const event of citestream.chat.stream({ message: QUESTION, signal: controller.signal })) {
      events.push(event);
      if (event.type === 'token') controller.abort(new Error('The reader left.'));
    }
    expect(events.at(-1)).toMatchObject({ type: 'done', finishReason: 'stopped' });
    await noStreamIsOpen();
  });

  it.each(['expired-token', 'access-denied', 'model-not-found', 'context-overflow'] as const)(
    'say what to do about %s, and do not ask again',
    async (kind) => {
      bedrock.order({ kind, times: 5 });
      const before = bedrock.counts().requested;
      const last = (await ask()).at(-1);
      expect(last).toMatchObject({ type: 'error', retryable: false });
      expect(last?.type === 'error' && last.code).toMatch(
        /CREDENTIALS|ACCESS_DENIED|MODEL_NOT_FOUND|CONTEXT_OVERFLOW/,
      );
      expect(bedrock.counts().requested - before).toBe(1);
    },
  );
});
