import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
import { FAULT_KINDS, isLate } from '../src/simulators/bedrock-faults.ts';
import { startBedrockSimulator, startQdrantSimulator } from '../src/testing/index.ts';
import { read, root } from './guides.ts';
import { reliabilityTable, withTable, type Cell, type Seen } from './reliability-table.ts';

/** Every fault with every provider, through the official clients; what comes of it is the table of the guide. */
const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const QUESTION = 'Can sync code run in parallel across threads without async?';
const GUIDE = 'docs/reliability.md';
const DECODERS = ['lean', 'sdk'] as const;
const STORE_KINDS = ['status', 'reset', 'stall', 'slow', 'cut', 'lost'] as const;
const SEARCH = 'POST points/query';
const MAX_ASKED = 2;

let folder: string;
let bedrock: Awaited<ReturnType<typeof startBedrockSimulator>>;
let qdrant: Awaited<ReturnType<typeof startQdrantSimulator>>;
const citestreams = new Map<string, Citestream>();
const cells: Cell[] = [];
let faultless = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-reliability-'));
  [bedrock, qdrant] = await Promise.all([startBedrockSimulator({ port: 0 }), startQdrantSimulator()]);
  for (const [name, value] of Object.entries(bedrock.environment)) vi.stubEnv(name, value);
  for (const decoder of DECODERS) {
    const { configuration } = loadConfiguration({
      environment: {},
      settings: {
        dataDir: join(folder, decoder),
        store: `qdrant:${qdrant.url}/docs`,
        llm: `bedrock-converse:${MODEL}`,
        bedrock: { decoder },
        generation: { maxRetries: 1, firstTokenMs: 1000, interTokenMs: 1000 },
        qdrant: { maxRetries: 1, timeoutMs: 1000 },
      },
    });
    if (citestreams.size === 0) {
      await runIngest({ paths: [join(root, 'docs', 'concurrency.md')], configuration });
    }
    citestreams.set(decoder, await createCitestream(configuration));
  }
  const { events } = await ask('lean');
  expect(events.at(-1)).toMatchObject({ type: 'done', finishReason: 'stop' });
  faultless = textOf(events);
});
beforeEach(() => {
  bedrock.clearFaults();
  qdrant.heal();
});
afterAll(async () => {
  for (const citestream of citestreams.values()) await citestream[Symbol.asyncDispose]();
  await Promise.all([bedrock.close(), qdrant.close()]);
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const textOf = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === 'token' ? event.text : '')).join('');

const storeAsked = (): number => qdrant.counts().operations[SEARCH] ?? 0;

/** One turn to its end, with what the history has of it and how often each provider was asked. */
async function ask(decoder: string) {
  const citestream = citestreams.get(decoder);
  if (citestream === undefined) throw new Error(`Nothing is open for ${decoder}.`);
  const models = bedrock.counts().requested;
  const searches = storeAsked();
  const events: TurnEvent[] = [];
  for await (const event of citestream.chat.stream({ message: QUESTION })) events.push(event);
  const [turn] = events;
  const [stored] = await citestream.history.turns(turn?.type === 'turn' ? turn.sessionId : '');
  const asked = { model: bedrock.counts().requested - models, store: storeAsked() - searches };
  return { events, stored, asked };
}

/** Holds a turn to what is promised whatever happens, and tells what came of it. */
async function seen(decoder: string, provider: 'model' | 'store'): Promise<Seen> {
  const { events, stored, asked } = await ask(decoder);
  const text = textOf(events);
  const last = events.at(-1);
  expect(['done', 'error']).toContain(last?.type);
  expect(faultless.startsWith(text)).toBe(true);
  expect(stored?.outcome?.answer ?? '').toBe(text);
  if (last?.type === 'done') expect(text).toBe(faultless);
  await expect.poll(() => bedrock.counts().openNow, { timeout: 5000 }).toBe(0);
  await expect.poll(() => qdrant.counts().open, { timeout: 5000 }).toBe(0);
  const kept = text === '' ? 'no text' : text === faultless ? 'the whole answer' : 'the text so far';
  return { reader: readerSees(last), stored: `${stored?.status}, ${kept}`, asked: asked[provider] };
}

function readerSees(last: TurnEvent | undefined): string {
  if (last?.type !== 'error') return 'the answer';
  return `\`${last.code}\`, ${last.retryable ? 'retryable' : 'not retryable'}`;
}

describe.each(DECODERS)('a model read by the decoder %s', (decoder) => {
  it.each(FAULT_KINDS)('ends every turn that meets %s, without a token twice', async (kind) => {
    const fault = { kind, afterTokens: 5, delayMs: 100 };
    bedrock.order(fault);
    const always = await seen(decoder, 'model');
    bedrock.clearFaults();
    bedrock.order({ ...fault, times: 1 });
    const once = await seen(decoder, 'model');
    expect(Math.max(always.asked, once.asked)).toBeLessThanOrEqual(isLate({ kind }) ? 1 : MAX_ASKED);
    cells.push({ fault: kind, provider: `Bedrock (${decoder})`, always, once });
  });
});

describe('a store', () => {
  it.each(STORE_KINDS)('ends every turn whose search meets %s', async (kind) => {
    const fault = { kind, operation: SEARCH, delayMs: 100 };
    qdrant.fail(fault);
    const always = await seen('lean', 'store');
    qdrant.heal();
    qdrant.fail({ ...fault, times: 1 });
    const once = await seen('lean', 'store');
    expect(Math.max(always.asked, once.asked)).toBeLessThanOrEqual(MAX_ASKED);
    cells.push({ fault: kind, provider: 'Qdrant', always, once });
  });
});

describe('the guide on reliability', () => {
  it('has the table of this run', () => {
    expect(cells).toHaveLength(FAULT_KINDS.length * DECODERS.length + STORE_KINDS.length);
    const order = [...FAULT_KINDS, ...STORE_KINDS] as readonly string[];
    const sorted = cells.toSorted((one, other) => order.indexOf(one.fault) - order.indexOf(other.fault));
    const guide = withTable(read(GUIDE), reliabilityTable(sorted));
    if (process.env['CITESTREAM_UPDATE'] === '1') writeFileSync(join(root, GUIDE), guide);
    expect(read(GUIDE)).toBe(guide);
  });
});
