import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CitestreamError } from '../errors.ts';
import { describeLLM } from '../testing/llm-contract.ts';
import {
  type AnswerCompletion,
  chunkOf,
  type FakeOpenAIServer,
  serveFakeOpenAI,
  writeEvent,
  writeJson,
} from '../testing/serve-fake-openai.ts';
import type { ChatDelta, ChatRequest, LLM } from './llm.ts';
import { OpenAILLM, type OpenAILLMOptions } from './openai-llm.ts';
import { retryAfterMs } from './retry-after.ts';

const QUESTION: ChatRequest = { messages: [{ role: 'user', content: 'What is tea?' }] };
const ANSWER = 'Tea is a drink [1].\nIt is “brewed”, 並行 😀.';
const LIMITED: ChatRequest = { ...QUESTION, maxTokens: 9, temperature: 0 };

let servers = new AsyncDisposableStack();
beforeEach(() => {
  for (const name of ['OPENAI_API_KEY', 'AZURE_OPENAI_API_KEY']) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await servers.disposeAsync();
  servers = new AsyncDisposableStack();
});

async function open(
  answer?: AnswerCompletion,
  options: Partial<OpenAILLMOptions> = {},
): Promise<{ readonly llm: OpenAILLM; readonly server: FakeOpenAIServer }> {
  const server = servers.use(await serveFakeOpenAI(answer));
  return { server, llm: await OpenAILLM.open({ model: 'm', url: server.url, ...options }) };
}

/** Writes these events and ends the stream properly, but without a word of its own. */
const streaming =
  (...events: readonly unknown[]): AnswerCompletion =>
  (_request, response) => {
    for (const event of events) writeEvent(response, event);
    response.end();
    return true;
  };

const never: AnswerCompletion = async () => Promise.withResolvers<never>().promise;

const stuck: AnswerCompletion = (_request, response) => {
  writeEvent(response, chunkOf({ content: 'Tea ' }));
  return true;
};

async function read(llm: LLM, request = QUESTION, signal?: AbortSignal): Promise<ChatDelta[]> {
  return Array.fromAsync(llm.streamChat(request, signal === undefined ? {} : { signal }));
}

const textOf = (deltas: readonly ChatDelta[], type = 'text'): string =>
  deltas.map((delta) => (delta.type === type && 'text' in delta ? delta.text : '')).join('');

async function failureOf(call: Promise<unknown>): Promise<CitestreamError> {
  const error: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof CitestreamError) return error;
  throw new Error('The call did not fail as it should.', { cause: error });
}

await describeLLM('OpenAILLM', async () => (await open()).llm, {
  makeSilent: async () => (await open(never)).llm,
  makeStuck: async () => (await open(stuck)).llm,
});

describe('OpenAILLM', () => {
  it('asks with system prompt, history, limits, and what is given beyond', async () => {
    const { llm, server } = await open(undefined, { additionalFields: { reasoning_effort: 'low' } });
    const messages: ChatRequest['messages'] = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Good evening' },
      { role: 'user', content: 'What is tea?' },
    ];
    const request: ChatRequest = {
      system: 'Be brief.',
      messages,
      maxTokens: 7,
      temperature: 0.2,
      topP: 0.9,
      stopSequences: ['END'],
    };
    expect(textOf(await read(llm, request))).toBe(ANSWER);
    expect(await llm.chat(request)).toMatchObject({ text: ANSWER, stopReason: 'stop' });
    const asked = {
      model: 'm',
      messages: [{ role: 'system', content: 'Be brief.' }, ...messages],
      max_tokens: 7,
      temperature: 0.2,
      top_p: 0.9,
      stop: ['END'],
      reasoning_effort: 'low',
    };
    expect(server.requests.map(({ body }) => body)).toEqual([
      { ...asked, stream: true, stream_options: { include_usage: true } },
      { ...asked, stream: false },
    ]);
    expect(server.requests[0]?.path).toBe('/v1/chat/completions');
  });

  it('closes the call at once when its signal is aborted', async () => {
    const { llm, server } = await open(stuck);
    const reader = new AbortController();
    const iterator = llm.streamChat(QUESTION, { signal: reader.signal })[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ value: { text: 'Tea ' } });
    const pending = iterator.next();
    reader.abort(new Error('The reader has left.'));
    await expect(pending).rejects.toBe(reader.signal.reason);
    await expect.poll(() => server.counts).toMatchObject({ aborted: 1, open: 0 });
  });

  it.each(['chat', 'streamChat'] as const)(
    'closes the call of %s when its signal is aborted before the first byte',
    async (form) => {
      const { llm, server } = await open(never);
      const reader = new AbortController();
      const call = form === 'chat' ? llm.chat(QUESTION, reader) : read(llm, QUESTION, reader.signal);
      await expect.poll(() => server.requests.length).toBe(1);
      reader.abort(new Error('The reader has left.'));
      await expect(call).rejects.toBe(reader.signal.reason);
      await expect.poll(() => server.counts).toMatchObject({ aborted: 1, open: 0 });
    },
  );

  it('closes the call when its reader leaves the loop', async () => {
    const { llm, server } = await open(stuck);
    for await (const delta of llm.streamChat(QUESTION)) {
      expect(delta).toEqual({ type: 'text', text: 'Tea ' });
      break;
    }
    await expect.poll(() => server.counts).toMatchObject({ aborted: 1, open: 0 });
  });

  it('closes the call when the server says inside the stream that it failed', async () => {
    const { llm, server } = await open((_request, response) => {
      writeEvent(response, chunkOf({ content: 'Tea ' }));
      writeEvent(response, { error: { message: 'CUDA error', code: 500 } });
      return true;
    });
    await expect(read(llm)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await expect.poll(() => server.counts).toMatchObject({ aborted: 1, open: 0 });
  });

  it('uses its connection again for the next call', async () => {
    const { llm, server } = await open();
    for (let turn = 0; turn < 8; turn += 1) await read(llm);
    // The end of a body is read behind the reader's back, and the next call does not wait for it.
    expect(server.counts.connections).toBeLessThanOrEqual(2);
    expect(server.counts.aborted).toBe(0);
  });

  it.each(['reasoning_content', 'reasoning'])('keeps %s apart from the answer', async (field) => {
    const { llm } = await open((request, response) => {
      const message = { [field]: 'The user asks. ', content: 'Tea.' };
      if (request.stream !== true) {
        writeJson(response, 200, { choices: [{ message, finish_reason: 'stop' }] });
        return true;
      }
      writeEvent(response, chunkOf({ [field]: 'The user asks. ', content: null }));
      writeEvent(response, chunkOf({ content: 'Tea.' }));
      writeEvent(response, chunkOf({}, 'stop'));
      response.end();
      return true;
    });
    const deltas = await read(llm);
    expect(deltas.map(({ type }) => type)).toEqual(['reasoning', 'text', 'end']);
    expect(textOf(deltas)).toBe('Tea.');
    expect(textOf(deltas, 'reasoning')).toBe('The user asks. ');
    const { usage, ...reply } = await llm.chat(QUESTION);
    expect(reply).toEqual({ text: 'Tea.', reasoning: 'The user asks. ', stopReason: 'stop' });
    // Estimated, and alike: the server tells nothing.
    expect(deltas.at(-1)).toMatchObject({ usage });
    expect(usage.outputTokens).toBe(5);
  });

  it('reads content that comes as a list of parts', async () => {
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
      { type: 'text', text: 'Tea.' },
    ];
    const { llm } = await open(streaming(chunkOf({ content: parts }, 'stop')));
    const deltas = await read(llm);
    expect([textOf(deltas, 'reasoning'), textOf(deltas)]).toEqual(['Hm.', 'Tea.']);
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['content_filter', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['tool_calls', 'stop'],
  ])('says of the finish reason %s that it is %s', async (finishReason, expected) => {
    const { llm, server } = await open();
    server.finishReason = finishReason;
    expect((await read(llm)).at(-1)).toMatchObject({ type: 'end', stopReason: expected });
    expect(await llm.chat(QUESTION)).toMatchObject({ stopReason: expected });
  });

  it.each(['abort', 'error'])('takes the finish reason %s for a failure', async (finishReason) => {
    const { llm, server } = await open();
    server.finishReason = finishReason;
    for (const call of [read(llm), llm.chat(QUESTION)]) {
      await expect(call).rejects.toMatchObject({
        code: 'LLM_FAILED',
        message: expect.stringContaining(`finish_reason ${finishReason}`) as string,
      });
    }
  });

  it('gives the words of a refusal, and says that it is one', async () => {
    const { llm } = await open(streaming(chunkOf({ refusal: 'I cannot help.' }), chunkOf({}, 'stop')));
    const deltas = await read(llm);
    expect(textOf(deltas)).toBe('I cannot help.');
    expect(deltas.at(-1)).toMatchObject({ stopReason: 'content_filter' });
  });

  it('ends without a word where a filter holds the prompt back', async () => {
    const error = { code: 'content_filter', message: 'The response was filtered' };
    const { llm } = await open((_request, response) => {
      writeJson(response, 400, { error });
      return true;
    });
    expect(await read(llm)).toMatchObject([{ type: 'end', stopReason: 'content_filter' }]);
    expect(await llm.chat(QUESTION)).toMatchObject({ text: '', stopReason: 'content_filter' });
  });

  it('takes the usage of the server with what a prompt cache gave, wherever it comes', async () => {
    const usage = {
      prompt_tokens: 40,
      completion_tokens: 3,
      prompt_tokens_details: { cached_tokens: 32 },
    };
    const expected = { inputTokens: 40, outputTokens: 3, cacheReadTokens: 32 };
    const last = chunkOf({}, 'stop') as object;
    for (const events of [
      [chunkOf({ content: 'Tea.' }), { ...last, usage }, '[DONE]'],
      [chunkOf({ content: 'Tea.' }), last, { choices: [], usage }, '[DONE]'],
      [chunkOf({ content: 'Tea.' }), last, { ...last, usage }, '[DONE]'],
    ]) {
      const { llm } = await open(streaming(...events));
      expect((await read(llm)).at(-1)).toEqual({ type: 'end', stopReason: 'stop', usage: expected });
    }
  });

  it.each([
    ['ignores that usage is wanted', [chunkOf({ content: 'Tea.' }), chunkOf({}, 'stop'), '[DONE]']],
    ['says null', [chunkOf({ content: 'Tea.' }), { ...(chunkOf({}, 'stop') as object), usage: null }]],
    [
      'says nought',
      [
        chunkOf({ content: 'Tea.' }),
        chunkOf({}, 'stop'),
        { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } },
      ],
    ],
    [
      'fails behind the last word',
      [chunkOf({ content: 'Tea.' }), chunkOf({}, 'stop'), { error: { message: 'no usage' } }],
    ],
  ])('estimates the usage where the server %s', async (_what, events) => {
    const { llm } = await open(streaming(...events));
    const deltas = await read(llm);
    expect(textOf(deltas)).toBe('Tea.');
    expect(deltas.at(-1)).toEqual({
      type: 'end',
      stopReason: 'stop',
      usage: { inputTokens: 3, outputTokens: 1 },
    });
  });

  it('does not wait for ever behind the last word, and gives that connection up', async () => {
    const { llm, server } = await open((_request, response) => {
      writeEvent(response, chunkOf({ content: 'Tea.' }));
      writeEvent(response, chunkOf({}, 'stop'));
      return true;
    });
    expect((await read(llm)).at(-1)).toMatchObject({ type: 'end', stopReason: 'stop' });
    await expect.poll(() => server.counts, { timeout: 5000 }).toMatchObject({ aborted: 1, open: 0 });
  });

  it.each([
    ['without a word', [], /answered without a reply.*\/v1/],
    ['inside the answer', [chunkOf({ content: 'Tea ' })], /broke off/],
    ['with [DONE], but with no reason', [chunkOf({ content: 'Tea ' }), '[DONE]'], /broke off/],
  ])('takes a stream that ends %s for a failure', async (_where, events, message) => {
    const { llm } = await open(streaming(...events));
    const failure = await failureOf(read(llm));
    expect(failure).toMatchObject({
      code: 'LLM_FAILED',
      message: expect.stringMatching(message) as string,
    });
  });

  it('gives the words before a failure inside the stream', async () => {
    const { llm } = await open((_request, response) => {
      writeEvent(response, chunkOf({ content: 'Tea ' }));
      response.write('data: {"choices": [{"del', () => response.destroy());
      return true;
    });
    const deltas: ChatDelta[] = [];
    const reading = (async () => {
      for await (const delta of llm.streamChat(QUESTION)) deltas.push(delta);
    })();
    await expect(reading).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringMatching(/broke off/) as string,
    });
    expect(deltas).toEqual([{ type: 'text', text: 'Tea ' }]);
  });

  it.each([
    [{ error: { message: 'Slow down', type: 'rate_limit_error' } }, 'THROTTLED', /maxConcurrent/],
    [{ error: { message: 'CUDA', type: 'InternalServerError', code: 500 } }, 'UPSTREAM_UNAVAILABLE', /CUDA/],
    [{ error: { message: 'The context length was exceeded' } }, 'CONTEXT_OVERFLOW', /topK/],
    [{ error: 'boom' }, 'LLM_FAILED', /boom/],
    [{ object: 'error', message: 'boom', code: 400 }, 'CONFIGURATION', /boom/],
    ['{"choices": [', 'UPSTREAM_UNAVAILABLE', /damaged/],
  ])('says of %j inside the stream that it is %s', async (event, code, message) => {
    const { llm } = await open(streaming(chunkOf({ content: 'Tea ' }), event, chunkOf({}, 'stop')));
    expect(await failureOf(read(llm))).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    [401, { error: { message: 'Incorrect API key' } }, 'CREDENTIALS', /Incorrect API key.*OPENAI_API_KEY/],
    [402, { error: { message: 'Pay first' } }, 'ACCESS_DENIED', /no credit/],
    [403, { error: { message: 'No access', code: 'model_not_found' } }, 'ACCESS_DENIED', /access to the/],
    [404, { error: { message: 'model "m" not found' } }, 'MODEL_NOT_FOUND', /no model m .*\/v1/],
    [400, { error: { message: 'Invalid model name passed in model=m' } }, 'MODEL_NOT_FOUND', /no model m/],
    [429, { error: { message: 'Rate limit' } }, 'THROTTLED', /maxConcurrent/],
    [429, { error: { message: 'No money', code: 'insufficient_quota' } }, 'ACCESS_DENIED', /no credit/],
    [
      400,
      { error: { message: 'Too much', code: 'context_length_exceeded' } },
      'CONTEXT_OVERFLOW',
      /retrieval\.topK/,
    ],
    [
      400,
      { object: 'error', message: "This model's maximum context length is 4096 tokens", code: 400 },
      'CONTEXT_OVERFLOW',
      /4096.*contextWindow/,
    ],
    [500, { error: { message: 'the request exceeds the available context size' } }, 'CONTEXT_OVERFLOW', /./],
    [413, { error: { message: 'Payload Too Large' } }, 'CONTEXT_OVERFLOW', /chat\.historyTokens/],
    [400, { error: { message: 'temperature must be at most 2' } }, 'CONFIGURATION', /at most 2.*generation/],
    [422, { detail: [{ loc: ['body', 'x'], msg: 'bad x' }] }, 'CONFIGURATION', /bad x/],
    [408, undefined, 'TIMEOUT', /too long/],
    [504, { error: 'gateway' }, 'TIMEOUT', /gateway/],
    [500, { error: 'Oops' }, 'UPSTREAM_UNAVAILABLE', /Oops/],
    [503, undefined, 'UPSTREAM_UNAVAILABLE', /in trouble/],
    [200, { error: { message: 'boom' } }, 'LLM_FAILED', /boom/],
    [200, { welcome: true }, 'LLM_FAILED', /without a reply.*\/v1/],
  ])('says of status %s with %j that it is %s, and asks once', async (status, body, code, message) => {
    const { llm, server } = await open((_request, response) => {
      writeJson(response, status, body);
      return true;
    });
    const expected = { code, message: expect.stringMatching(message) as string };
    expect(await failureOf(llm.chat(QUESTION))).toMatchObject(expected);
    expect(server.requests).toHaveLength(1);
    if (status !== 200) expect(await failureOf(read(llm))).toMatchObject(expected);
  });

  it('keeps how long the server wants to be left alone', async () => {
    const { llm } = await open((_request, response) => {
      writeJson(response, 429, { error: { message: 'Slow down' } }, { 'retry-after': '7' });
      return true;
    });
    expect(retryAfterMs(await failureOf(read(llm)))).toBe(7000);
  });

  it('says so where nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const llm = await OpenAILLM.open({ model: 'm', url: `http://127.0.0.1:${port}/v1` });
    expect(await failureOf(read(llm))).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringMatching(/cannot be reached at .*ECONNREFUSED/) as string,
    });
  });

  it.each([
    ['stream_options', 400, 'Unrecognized request argument supplied: stream_options', []],
    ['max_tokens', 400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", []],
    ['temperature', 400, "Unsupported value: 'temperature' does not support 0 with this model.", []],
    [
      'temperature',
      422,
      undefined,
      [{ loc: ['body', 'temperature'], msg: 'Extra inputs are not permitted' }],
    ],
  ])('leaves out %s where it is refused, and from then on', async (field, status, message, detail) => {
    const { llm, server } = await open((request, response) => {
      if (!(field in request)) return false;
      writeJson(response, status, message === undefined ? { detail } : { error: { message } });
      return true;
    });
    expect(textOf(await read(llm, LIMITED))).toBe(ANSWER);
    expect(textOf(await read(llm, LIMITED))).toBe(ANSWER);
    expect(server.requests.map(({ body }) => field in body)).toEqual([true, false, false]);
    const limits = server.requests.map(({ body }) => body['max_tokens'] ?? body['max_completion_tokens']);
    expect(limits).toEqual([9, 9, 9]);
  });

  it('gives up where every way to ask is refused', async () => {
    const { llm, server } = await open((request, response) => {
      const message = `Unsupported: ${Object.keys(request).join(' ')}`;
      writeJson(response, 400, { error: { message } });
      return true;
    });
    expect(await failureOf(read(llm, LIMITED))).toMatchObject({ code: 'CONFIGURATION' });
    expect(server.requests).toHaveLength(4);
  });

  it('sends the key where there is one, and no such header where there is none', async () => {
    const { llm, server } = await open();
    await llm.chat(QUESTION);
    await (await OpenAILLM.open({ model: 'm', url: server.url, apiKey: 'mine' })).chat(QUESTION);
    vi.stubEnv('OPENAI_API_KEY', 'from the environment');
    await (await OpenAILLM.open({ model: 'm', url: server.url })).chat(QUESTION);
    const withPair = server.url.replace('//', '//user:p%40ss@');
    await (await OpenAILLM.open({ model: 'm', url: `${withPair}?api-version=2` })).chat(QUESTION);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer mine',
      'Bearer from the environment',
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    ]);
    expect(server.requests.at(-1)?.path).toBe('/v1/chat/completions?api-version=2');
  });

  it('never shows the key, whatever the server says', async () => {
    const { llm } = await open(
      (_request, response) => {
        const message = 'The key sk-very-secret is not valid';
        writeJson(response, 401, { error: { message } }, { 'retry-after': '1' });
        return true;
      },
      { apiKey: 'sk-very-secret' },
    );
    const failure = await failureOf(llm.chat(QUESTION));
    expect(failure.message).toContain('The key *** is not valid');
    const { message, stack } = failure.cause as Error;
    expect(JSON.stringify([failure, message, stack, failure.cause])).not.toContain('very-secret');
    expect(retryAfterMs(failure)).toBe(1000);
  });

  it('takes a password in the address for a secret too', async () => {
    const llm = await OpenAILLM.open({ model: 'm', url: 'http://user:hidden-word@127.0.0.1:1/v1' });
    const failure = await failureOf(llm.chat(QUESTION));
    expect(failure.message).toContain('http://127.0.0.1:1/v1');
    expect(failure.message).not.toContain('hidden-word');
  });

  it('reads the same text however a stream is cut into packets', async () => {
    const wire = [chunkOf({ content: '並行 😀 ' }), chunkOf({ content: 'é\n[1]' }), chunkOf({}, 'stop')]
      .map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`)
      .join(': keep-alive\n\n');
    const bytes = Buffer.from(wire);
    let cuts: readonly number[] = [];
    const { llm } = await open(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let from = 0;
      for (const to of [...cuts, bytes.length].toSorted((one, other) => one - other)) {
        await new Promise((sent) => {
          response.write(bytes.subarray(from, to), sent);
        });
        from = to;
      }
      response.end();
      return true;
    });
    const positions = fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(positions, async (chosen) => {
        cuts = chosen;
        expect(textOf(await read(llm))).toBe('並行 😀 é\n[1]');
      }),
      { numRuns: 40 },
    );
  });

  it('knows how much some models read, takes a setting before it, and is careful with others', async () => {
    const { url } = (await open()).server;
    const windowOf = async (model: string, contextWindow?: number): Promise<number> =>
      (await OpenAILLM.open({ model, url, contextWindow })).capabilities.contextWindow;
    expect(await windowOf('gpt-4o-mini')).toBe(128_000);
    expect(await windowOf('openai/gpt-4o-mini')).toBe(128_000);
    expect(await windowOf('llama3')).toBe(8000);
    expect(await windowOf('llama3', 64_000)).toBe(64_000);
  });

  it('refuses an address that is none', async () => {
    await expect(OpenAILLM.open({ model: 'm', url: 'localhost/v1' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });
});
