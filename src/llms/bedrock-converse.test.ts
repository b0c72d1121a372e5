import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { BedrockFaultKind } from '../simulators/bedrock-faults.ts';
import { type BedrockSimulator, startBedrockSimulator } from '../simulators/bedrock-simulator.ts';
import { describeLLM } from '../testing/llm-contract.ts';
import { serveNobody } from '../testing/serve-nobody.ts';
import { BedrockConverse, type BedrockConverseOptions } from './bedrock-converse.ts';
import type { ChatDelta, ChatRequest, LLM } from './llm.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-20250514-v1:0';
const QUESTION: ChatRequest = { messages: [{ role: 'user', content: 'What is tea?' }] };

let simulator: BedrockSimulator;
beforeEach(async () => {
  simulator = await startBedrockSimulator({
    behaviour: { answers: ['Tea is a drink [1].\nIt is “brewed”, 並行 😀.'] },
  });
  for (const [name, value] of Object.entries(simulator.environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await simulator.close();
});

const open = async (options: Partial<BedrockConverseOptions> = {}) =>
  BedrockConverse.open({ model: MODEL, ...options });

async function read(llm: LLM, request = QUESTION, signal?: AbortSignal): Promise<ChatDelta[]> {
  return Array.fromAsync(llm.streamChat(request, signal === undefined ? {} : { signal }));
}

const textOf = (deltas: readonly ChatDelta[]): string =>
  deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('');

for (const decoder of ['lean', 'sdk'] as const) {
  await describeLLM(`BedrockConverse with the decoder ${decoder}`, async () => open({ decoder }), {
    makeSilent: async () => {
      simulator.order({ kind: 'stall-before' });
      return open({ decoder });
    },
    makeStuck: async () => {
      simulator.order({ kind: 'stall-inside', afterTokens: 1 });
      return open({ decoder });
    },
  });

  describe(`BedrockConverse with the decoder ${decoder}`, () => {
    it('closes the stream at once when its signal is aborted', async () => {
      simulator.order({ kind: 'stall-inside', afterTokens: 2 });
      await using llm = await open({ decoder });
      const reader = new AbortController();
      const iterator = llm.streamChat(QUESTION, { signal: reader.signal })[Symbol.asyncIterator]();
      await iterator.next();
      await iterator.next();
      const pending = iterator.next();
      reader.abort(new Error('The reader has left.'));
      await expect(pending).rejects.toBe(reader.signal.reason);
      await expect.poll(() => simulator.counts()).toMatchObject({ aborted: 1, openNow: 0 });
    });

    it('closes the stream when its signal is aborted before the first byte', async () => {
      simulator.order({ kind: 'stall-before' });
      await using llm = await open({ decoder });
      const reader = new AbortController();
      const deltas = read(llm, QUESTION, reader.signal);
      await expect.poll(() => simulator.counts().openNow).toBe(1);
      reader.abort(new Error('The reader has left.'));
      await expect(deltas).rejects.toBe(reader.signal.reason);
      await expect.poll(() => simulator.counts()).toMatchObject({ aborted: 1, openNow: 0 });
    });

    it('closes the stream when its reader leaves the loop', async () => {
      simulator.configure({ tokensPerSecond: 20 });
      await using llm = await open({ decoder });
      for await (const delta of llm.streamChat(QUESTION)) {
        expect(delta.type).toBe('text');
        break;
      }
      await expect.poll(() => simulator.counts()).toMatchObject({ aborted: 1, completed: 0, openNow: 0 });
    });

    it('keeps what the model thinks apart from its answer', async () => {
      simulator.configure({ reasoning: 'The user asks about tea.' });
      await using llm = await open({ decoder });
      const deltas = await read(llm);
      const thought = deltas.flatMap((delta) => (delta.type === 'reasoning' ? [delta.text] : []));
      expect(thought.join('')).toBe('The user asks about tea.');
      expect(textOf(deltas)).toMatch(/^Tea is a drink/);
      expect(await llm.chat(QUESTION)).toMatchObject({ text: textOf(deltas), reasoning: thought.join('') });
    });

    it('skips events that it does not know', async () => {
      simulator.order({ kind: 'unknown-event', afterTokens: 1 });
      await using llm = await open({ decoder });
      expect(textOf(await read(llm))).toBe('Tea is a drink [1].\nIt is “brewed”, 並行 😀.');
    });

    it.each([
      ['throttle', 'THROTTLED', /higher quota/],
      ['internal-server-error', 'UPSTREAM_UNAVAILABLE', /in trouble/],
      ['service-unavailable', 'UPSTREAM_UNAVAILABLE', /in trouble/],
      ['model-not-ready', 'UPSTREAM_UNAVAILABLE', /in trouble/],
      ['model-timeout', 'TIMEOUT', /longer than Bedrock allows/],
      ['model-error', 'LLM_FAILED', /The model of .* failed/],
      ['validation', 'CONFIGURATION', /refuses the request as it is/],
      ['context-overflow', 'CONTEXT_OVERFLOW', /retrieval\.topK/],
      ['access-denied', 'ACCESS_DENIED', /Allow bedrock:InvokeModelWithResponseStream on it/],
      ['model-not-found', 'MODEL_NOT_FOUND', /AWS_REGION/],
      ['expired-token', 'CREDENTIALS', /have expired.*aws sso login/],
      ['invalid-signature', 'CREDENTIALS', /AWS_PROFILE/],
      ['reset-before', 'UPSTREAM_UNAVAILABLE', /connection to Bedrock/],
      ['throttle-inside', 'THROTTLED', /higher quota/],
      ['model-stream-error', 'LLM_FAILED', /The model of .* failed/],
      ['internal-server-error-inside', 'UPSTREAM_UNAVAILABLE', /in trouble/],
      ['service-unavailable-inside', 'UPSTREAM_UNAVAILABLE', /in trouble/],
      ['validation-inside', 'CONFIGURATION', /refuses the request/],
      ['reset-inside', 'UPSTREAM_UNAVAILABLE', /connection to Bedrock/],
      ['half-frame', 'UPSTREAM_UNAVAILABLE', /./],
      ['bad-crc', 'UPSTREAM_UNAVAILABLE', /./],
      ['end-early', 'UPSTREAM_UNAVAILABLE', /broke off/],
    ] as const satisfies readonly (readonly [BedrockFaultKind, string, RegExp])[])(
      'says of %s that it is %s, asks once, and leaves nothing open',
      async (kind, code, message) => {
        simulator.order({ kind, afterTokens: 2 });
        await using llm = await open({ decoder });
        await expect(read(llm)).rejects.toMatchObject({
          code,
          message: expect.stringMatching(message) as string,
        });
        expect(simulator.counts().requested).toBe(1);
        await expect.poll(() => simulator.counts().openNow).toBe(0);
      },
    );

    it('gives the words before a failure inside the stream', async () => {
      simulator.order({ kind: 'throttle-inside', afterTokens: 3 });
      await using llm = await open({ decoder });
      const deltas: ChatDelta[] = [];
      const reading = (async () => {
        for await (const delta of llm.streamChat(QUESTION)) deltas.push(delta);
      })();
      await expect(reading).rejects.toMatchObject({ code: 'THROTTLED' });
      expect(textOf(deltas)).not.toBe('');
    });
  });
}

describe('BedrockConverse', () => {
  it('reads the same deltas with both decoders', async () => {
    await using lean = await open({ decoder: 'lean' });
    await using sdk = await open({ decoder: 'sdk' });
    for (const change of [
      {},
      { reasoning: 'Let me think of it.' },
      { stopReason: 'guardrail_intervened' },
      { stopReason: 'max_tokens' },
    ]) {
      simulator.configure({ reasoning: undefined, stopReason: undefined, ...change });
      const deltas = await read(lean);
      expect(await read(sdk)).toEqual(deltas);
      expect(deltas.at(-1)).toMatchObject({ type: 'end' });
    }
  });

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['guardrail_intervened', 'content_filter'],
    ['content_filtered', 'content_filter'],
  ])('says of the stop reason %s that it is %s', async (stopReason, expected) => {
    simulator.configure({ stopReason });
    await using llm = await open();
    expect((await read(llm)).at(-1)).toMatchObject({ type: 'end', stopReason: expected });
    expect(await llm.chat(QUESTION)).toMatchObject({ stopReason: expected });
  });

  it('stops where the request says so', async () => {
    await using llm = await open();
    const cut = await read(llm, { ...QUESTION, maxTokens: 2 });
    expect(cut.at(-1)).toMatchObject({ stopReason: 'length', usage: { outputTokens: 2 } });
    expect(textOf(await read(llm, { ...QUESTION, stopSequences: ['drink'] }))).not.toContain('drink');
  });

  it('uses its connections again for the next streams', async () => {
    let connections = 0;
    const count = (): void => {
      connections += 1;
    };
    await using llm = await open();
    subscribe('net.client.socket', count);
    for (let turn = 0; turn < 8; turn += 1) await read(llm);
    unsubscribe('net.client.socket', count);
    // The end of a body is read behind the reader's back, and the next call does not wait for it.
    expect(connections).toBeLessThanOrEqual(2);
  });

  it('has no limit of its own to how many streams are open', async () => {
    simulator.order({ kind: 'stall-inside', afterTokens: 1 });
    await using llm = await open();
    const reader = new AbortController();
    const streams = Array.from({ length: 120 }, async () => read(llm, QUESTION, reader.signal));
    await expect.poll(() => simulator.counts().openNow, { timeout: 20_000 }).toBe(120);
    reader.abort(new Error('Enough.'));
    expect((await Promise.allSettled(streams)).every(({ status }) => status === 'rejected')).toBe(true);
    await expect.poll(() => simulator.counts().openNow, { timeout: 20_000 }).toBe(0);
  });

  it('counts what a prompt cache gave among the input tokens', async () => {
    await using llm = await open({ promptCache: 'conversation' });
    const request: ChatRequest = { ...QUESTION, system: 'You know all about tea. '.repeat(200) };
    const first = (await read(llm, request)).at(-1);
    const second = (await read(llm, request)).at(-1);
    expect(first).toMatchObject({ usage: { cacheWriteTokens: expect.any(Number) as number } });
    expect(second).toMatchObject({ usage: { cacheReadTokens: expect.any(Number) as number } });
  });

  it('takes region, endpoint and time-out as options', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_BEDROCK_RUNTIME', undefined);
    vi.stubEnv('AWS_REGION', undefined);
    await using llm = await open({ region: 'us-east-1', endpoint: simulator.url });
    expect(await llm.chat(QUESTION)).toMatchObject({ stopReason: 'stop' });
  });

  it('gives up connecting after a while', async () => {
    await using nobody = await serveNobody();
    await using llm = await open({ endpoint: nobody.url, connectTimeoutMs: 50 });
    await expect(read(llm)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringContaining('timeout of 50 ms') as string,
    });
  });

  it('says where there are no credentials and no region', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    await using unknown = await open();
    await expect(read(unknown)).rejects.toMatchObject({ code: 'CREDENTIALS' });
    vi.stubEnv('AWS_REGION', undefined);
    await using nowhere = await open();
    await expect(read(nowhere)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('AWS_REGION') as string,
    });
  });
});
