import {
  type BedrockRuntimeClientConfig,
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { once } from 'node:events';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { describe, expect, it, vi } from 'vitest';
import type { BedrockFaultOrder } from './bedrock-faults.ts';
import {
  type BedrockSimulator,
  type BedrockSimulatorOptions,
  startBedrockSimulator,
} from './bedrock-simulator.ts';

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const PROMPT =
  '-----\nSource 1:\nGrass is green.\n\nSource 2:\nLeaves fall in autumn.\n-----\nQuestion: What is green?\nAnswer: ';
const ANSWER = 'Grass is green [1]. Leaves fall in autumn [2].';
const TOKENS = 15;
const TRANSPORTS = ['HTTP/1.1', 'HTTP/2'] as const;
const messages = [{ role: 'user' as const, content: [{ text: PROMPT }] }];
const converse = { modelId: MODEL, messages };

interface Rig extends AsyncDisposable {
  readonly simulator: BedrockSimulator;
  readonly client: BedrockRuntimeClient;
}

async function open(
  transport: (typeof TRANSPORTS)[number],
  options: BedrockSimulatorOptions = {},
  config: Partial<BedrockRuntimeClientConfig> = {},
): Promise<Rig> {
  const simulator = await startBedrockSimulator(options);
  const { environment } = simulator;
  const client = new BedrockRuntimeClient({
    endpoint: simulator.url,
    region: environment['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      ...(environment['AWS_SESSION_TOKEN'] !== undefined && {
        sessionToken: environment['AWS_SESSION_TOKEN'],
      }),
    },
    maxAttempts: 1,
    ...(transport === 'HTTP/1.1' && { requestHandler: new NodeHttpHandler() }),
    ...config,
  });
  return {
    simulator,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await simulator.close();
    },
  };
}

/** What came of a stream until it ended or failed; `send` itself may fail as well. */
async function readStream(client: BedrockRuntimeClient, input = converse) {
  const events: ConverseStreamOutput[] = [];
  let text = '';
  let failure: Error | undefined;
  try {
    const { stream } = await client.send(new ConverseStreamCommand(input));
    for await (const event of stream ?? []) {
      events.push(event);
      const part = event.contentBlockDelta?.delta?.text;
      text += part ?? '';
    }
  } catch (error) {
    failure = error as Error;
  }
  return { events, text, failure };
}

/** Over HTTP/2 the SDK ends an aborted stream as if it were complete, over HTTP/1.1 it throws. */
async function readUntilAborted(client: BedrockRuntimeClient, abortSignal: AbortSignal): Promise<void> {
  try {
    const { stream } = await client.send(new ConverseStreamCommand(converse), { abortSignal });
    for await (const event of stream ?? []) expect(event).toBeDefined();
  } catch {
    expect(abortSignal.aborted).toBe(true);
  }
}

const parse = (body: Uint8Array | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(body ?? []).toString()) as Record<string, unknown>;

async function failureOf(
  work: Promise<unknown>,
): Promise<Error & { $metadata?: { httpStatusCode?: number } }> {
  const [settled] = await Promise.allSettled([work]);
  if (settled.status === 'fulfilled') throw new TypeError('It did not fail.');
  return settled.reason as Error;
}

const clientOf = (body: object, modelId: string) => ({
  modelId,
  body: JSON.stringify(body),
  contentType: 'application/json',
});

describe.each(TRANSPORTS)('the official client over %s', (transport) => {
  it('reads a Converse answer with its usage', async () => {
    await using rig = await open(transport);
    const answer = await rig.client.send(
      new ConverseCommand({ ...converse, system: [{ text: 'Be brief.' }] }),
    );
    expect(answer.output?.message).toEqual({ role: 'assistant', content: [{ text: ANSWER }] });
    expect(answer.stopReason).toBe('end_turn');
    expect(answer.usage?.outputTokens).toBe(TOKENS);
    expect(answer.$metadata.requestId).toMatch(/^[\da-f-]{36}$/);
  });

  it('reads a ConverseStream answer: every event, in Bedrock’s order', async () => {
    await using rig = await open(transport, { behaviour: { reasoning: 'Which one?' } });
    const { events, text, failure } = await readStream(rig.client);
    expect(failure).toBeUndefined();
    expect(text).toBe(ANSWER);
    expect(
      events.flatMap((event) => Object.keys(event)).filter((name, at, all) => name !== all[at - 1]),
    ).toEqual([
      'messageStart',
      'contentBlockDelta',
      'contentBlockStop',
      'contentBlockDelta',
      'contentBlockStop',
      'messageStop',
      'metadata',
    ]);
    const reasoning = events.map(
      ({ contentBlockDelta }) => contentBlockDelta?.delta?.reasoningContent?.text ?? '',
    );
    expect(reasoning.join('')).toBe('Which one?');
    expect(rig.simulator.counts()).toMatchObject({
      completed: 1,
      openNow: 0,
      peakOpen: 1,
      producedTokens: TOKENS + 2,
    });
  });

  it('signs a model id with colons and slashes, an endpoint with a path, and a session token', async () => {
    const credentials = { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'a/b+c==' };
    await using rig = await open(transport, { credentials, region: 'eu-west-1' });
    const modelId = 'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-v1:0';
    expect((await readStream(rig.client, { ...converse, modelId })).text).toBe(ANSWER);
    const config = { endpoint: `${rig.simulator.url}/behind/a-proxy`, credentials, region: 'eu-west-1' };
    using client = Object.assign(new BedrockRuntimeClient(config), {
      [Symbol.dispose]: () => client.destroy(),
    });
    expect((await readStream(client, { ...converse, modelId })).text).toBe(ANSWER);
  });

  it.each([
    [
      'anthropic.claude-v2',
      {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 50,
        messages: [{ role: 'user', content: PROMPT }],
      },
    ],
    ['amazon.titan-text-express-v1', { inputText: PROMPT }],
    ['us.meta.llama3-3-70b-instruct-v1:0', { prompt: PROMPT }],
    ['mistral.mistral-7b-instruct-v0:2', { prompt: PROMPT }],
    ['mistral.mistral-large-2407-v1:0', { messages: [{ role: 'user', content: PROMPT }] }],
    ['cohere.command-text-v14', { prompt: PROMPT }],
    ['cohere.command-r-plus-v1:0', { message: PROMPT }],
  ])('gets the same text from InvokeModel, whole and streamed: %s', async (modelId, body) => {
    await using rig = await open(transport);
    const whole = await rig.client.send(new InvokeModelCommand(clientOf(body, modelId)));
    expect(Buffer.from(whole.body).toString()).toContain(JSON.stringify(ANSWER).slice(1, -1));
    const { body: stream } = await rig.client.send(
      new InvokeModelWithResponseStreamCommand(clientOf(body, modelId)),
    );
    const chunks: Record<string, unknown>[] = [];
    for await (const { chunk } of stream ?? []) chunks.push(parse(chunk?.bytes));
    expect(chunks.map(textOfChunk).join('')).toBe(ANSWER);
    expect(chunks.at(-1)?.['amazon-bedrock-invocationMetrics']).toMatchObject({ outputTokenCount: TOKENS });
  });

  it('gets vectors from Titan and Cohere, near for texts that share words', async () => {
    await using rig = await open(transport);
    const titan = async (inputText: string) => {
      const input = clientOf({ inputText, dimensions: 512, normalize: true }, 'amazon.titan-embed-text-v2:0');
      const { body } = await rig.client.send(new InvokeModelCommand(input));
      return parse(body)['embedding'] as number[];
    };
    const [asked, near, far] = [
      await titan('a green tree'),
      await titan('the tree is green'),
      await titan('night ships'),
    ];
    expect(asked).toHaveLength(512);
    expect(Math.hypot(...asked)).toBeCloseTo(1, 5);
    expect(dot(asked, near)).toBeGreaterThan(dot(asked, far) + 0.3);
    const cohere = async (modelId: string, extra: object) => {
      const input = clientOf({ texts: ['a', 'b'], input_type: 'search_document', ...extra }, modelId);
      return parse((await rig.client.send(new InvokeModelCommand(input))).body)['embeddings'];
    };
    expect((await cohere('cohere.embed-english-v3', {})) as number[][]).toHaveLength(2);
    const byType = await cohere('cohere.embed-v4:0', { embedding_types: ['float'], output_dimension: 256 });
    expect((byType as { float: number[][] }).float.map(({ length }) => length)).toEqual([256, 256]);
    expect(rig.simulator.counts().embeddedTexts).toBe(7);
    const tooMany = { texts: Array.from({ length: 97 }, String), input_type: 'search_query' };
    const refused = await failureOf(
      rig.client.send(new InvokeModelCommand(clientOf(tooMany, 'cohere.embed-english-v3'))),
    );
    expect(refused.message).toContain('expected maximum item count: 96, found: 97');
  });

  it.each<[BedrockFaultOrder['kind'], string, number]>([
    ['throttle', 'ThrottlingException', 429],
    ['internal-server-error', 'InternalServerException', 500],
    ['service-unavailable', 'ServiceUnavailableException', 503],
    ['model-not-ready', 'ModelNotReadyException', 429],
    ['model-timeout', 'ModelTimeoutException', 408],
    ['model-error', 'ModelErrorException', 424],
    ['validation', 'ValidationException', 400],
    ['context-overflow', 'ValidationException', 400],
    ['access-denied', 'AccessDeniedException', 403],
    ['model-not-found', 'ResourceNotFoundException', 404],
    ['expired-token', 'ExpiredTokenException', 403],
    ['invalid-signature', 'InvalidSignatureException', 403],
  ])('throws what it throws for Bedrock: %s', async (kind, name, status) => {
    await using rig = await open(transport, { faults: [{ kind, times: 2 }] });
    for (const send of [
      () => rig.client.send(new ConverseStreamCommand(converse)),
      () => rig.client.send(new ConverseCommand(converse)),
    ]) {
      const error = await failureOf(send());
      expect(error.name).toBe(name);
      expect(error.message).not.toBe('UnknownError');
      expect(error.$metadata?.httpStatusCode).toBe(status);
    }
    expect((await readStream(rig.client)).text).toBe(ANSWER);
    expect(rig.simulator.counts()).toMatchObject({ requested: 3, refused: 2, completed: 1, openNow: 0 });
  });

  it.each<[BedrockFaultOrder['kind'], RegExp]>([
    ['throttle-inside', /^ThrottlingException/],
    ['model-stream-error', /^ModelStreamErrorException/],
    ['internal-server-error-inside', /^InternalServerException/],
    ['service-unavailable-inside', /^ServiceUnavailableException/],
    ['validation-inside', /^ValidationException/],
    ['half-frame', /Truncated event/],
    ['bad-crc', /checksum/],
    ['reset-inside', /ECONNRESET|aborted|NGHTTP2|Truncated|ended|terminated/],
  ])('gets some tokens and then what breaks it: %s', async (kind, failureIs) => {
    await using rig = await open(transport, { faults: [{ kind, afterTokens: 5, times: 1 }] });
    const { events, text, failure } = await readStream(rig.client);
    // The SDK may drop what it had read when the connection broke; it never gives more.
    expect('Grass is green [1'.startsWith(text)).toBe(true);
    if (kind !== 'reset-inside') expect(text).toBe('Grass is green [1');
    // Over HTTP/2 the SDK ends a stream whose connection was reset as if it were complete.
    const isSilent = kind === 'reset-inside' && transport === 'HTTP/2' && failure === undefined;
    if (!isSilent) expect(`${failure?.name}: ${failure?.message}`).toMatch(failureIs);
    expect(events.some(({ messageStop }) => messageStop !== undefined)).toBe(false);
    expect(rig.simulator.counts()).toMatchObject({ broken: 1, openNow: 0 });
  });

  it('breaks an answer that does not stream as well', async () => {
    await using rig = await open(transport);
    for (const kind of [
      'half-frame',
      'reset-inside',
      'reset-before',
      'throttle-inside',
      'model-stream-error',
    ] as const) {
      rig.simulator.order({ kind, times: 1 });
      await failureOf(rig.client.send(new ConverseCommand(converse)));
    }
    expect(rig.simulator.counts()).toMatchObject({ broken: 3, refused: 2, openNow: 0 });
  });

  it('is reset before an answer', async () => {
    await using rig = await open(transport, { faults: [{ kind: 'reset-before', times: 1 }] });
    const error = await failureOf(rig.client.send(new ConverseStreamCommand(converse)));
    expect(error.$metadata?.httpStatusCode).toBeUndefined();
    expect((await readStream(rig.client)).text).toBe(ANSWER);
  });

  it('reads a stream that ends without its last events, and one with an event nobody knows', async () => {
    await using rig = await open(transport);
    rig.simulator.order({ kind: 'end-early', afterTokens: 2, times: 1 });
    const early = await readStream(rig.client);
    expect(early.text).toBe('Grass is');
    expect(early.events.some(({ messageStop }) => messageStop !== undefined)).toBe(false);
    rig.simulator.order({ kind: 'unknown-event', afterTokens: 2, times: 1 });
    const unknown = await readStream(rig.client);
    expect(unknown.text).toBe(ANSWER);
    expect(unknown.failure).toBeUndefined();
  });

  it('waits for headers that come late', async () => {
    await using rig = await open(transport, { faults: [{ kind: 'slow-headers', delayMs: 30, times: 1 }] });
    const begun = performance.now();
    expect((await readStream(rig.client)).text).toBe(ANSWER);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(29);
  });

  it.each<BedrockFaultOrder>([
    { kind: 'stall-before' },
    { kind: 'stall-inside' },
    { kind: 'stall-inside', afterTokens: 4 },
  ])('hangs until it gives up: $kind after $afterTokens', async (fault) => {
    await using rig = await open(transport, { faults: [fault] });
    const controller = new AbortController();
    const sending = readUntilAborted(rig.client, controller.signal);
    const tokens = fault.afterTokens ?? 0;
    await vi.waitFor(() =>
      expect(rig.simulator.counts()).toMatchObject({ openNow: 1, producedTokens: tokens }),
    );
    controller.abort();
    await sending;
    await vi.waitFor(() => expect(rig.simulator.counts()).toMatchObject({ openNow: 0, aborted: 1 }));
  });

  it('stops the model when it aborts, and the simulator says when it noticed', async () => {
    await using rig = await open(transport, {
      behaviour: { answers: ['word '.repeat(5000)], tokensPerSecond: 200 },
    });
    const controller = new AbortController();
    const { stream, $metadata } = await rig.client.send(new ConverseStreamCommand(converse), {
      abortSignal: controller.signal,
    });
    const closed = once(controller.signal, 'abort').then(() => performance.timeOrigin + performance.now());
    let seen = 0;
    try {
      for await (const event of stream ?? []) {
        if (event.contentBlockDelta !== undefined) seen += 1;
        if (seen === 10) controller.abort();
      }
    } catch {
      expect(controller.signal.aborted).toBe(true);
    }
    rig.simulator.noteClose({ requestId: $metadata.requestId ?? '', atMs: await closed });
    await vi.waitFor(() => expect(rig.simulator.counts().openNow).toBe(0));
    const { abortNoticedMs, aborted, producedTokens } = rig.simulator.counts();
    expect(aborted).toBe(1);
    expect(abortNoticedMs.count).toBe(1);
    expect(rig.simulator.aborts()).toMatchObject([{ question: 'What is green?', tokens: producedTokens }]);
    expect(producedTokens).toBeLessThan(5000);
  });

  it('is given nothing more while it does not read, and all of it when it does', async () => {
    const words = 60_000;
    await using rig = await open(transport, { behaviour: { answers: ['many '.repeat(words).trim()] } });
    const { stream } = await rig.client.send(new ConverseStreamCommand(converse));
    await vi.waitFor(() => expect(rig.simulator.counts().producedTokens).toBeGreaterThan(0));
    let before = -1;
    await vi.waitFor(() => {
      const { producedTokens } = rig.simulator.counts();
      const isStill = producedTokens === before;
      before = producedTokens;
      expect(isStill).toBe(true);
    });
    expect(before).toBeLessThan(words);
    let read = 0;
    for await (const { contentBlockDelta } of stream ?? []) if (contentBlockDelta !== undefined) read += 1;
    expect(read).toBe(words);
    expect(rig.simulator.counts()).toMatchObject({ producedTokens: words, completed: 1 });
  });

  it('is throttled above the quota of streams, and served again below it', async () => {
    await using rig = await open(transport, { behaviour: { maxStreams: 2, firstTokenDelayMs: 600_000 } });
    const controller = new AbortController();
    const held = [1, 2].map(async () => readUntilAborted(rig.client, controller.signal));
    await vi.waitFor(() => expect(rig.simulator.counts().openNow).toBe(2));
    expect((await failureOf(rig.client.send(new ConverseStreamCommand(converse)))).name).toBe(
      'ThrottlingException',
    );
    expect(rig.simulator.counts()).toMatchObject({ openNow: 2, overQuota: 1 });
    controller.abort();
    await Promise.all(held);
    await vi.waitFor(() => expect(rig.simulator.counts().openNow).toBe(0));
    rig.simulator.configure({ firstTokenDelayMs: 0 });
    expect((await readStream(rig.client)).text).toBe(ANSWER);
  });

  it('retries what is throttled, as it does with Bedrock', async () => {
    await using rig = await open(
      transport,
      { faults: [{ kind: 'throttle', times: 2, retryAfterSeconds: 0 }] },
      { maxAttempts: 3 },
    );
    expect((await readStream(rig.client)).text).toBe(ANSWER);
    expect(rig.simulator.counts()).toMatchObject({ requested: 3, refused: 2, completed: 1 });
  });

  it('sets its clock by what the simulator answers', async () => {
    await using rig = await open(transport, { clockOffsetMs: 3_600_000 }, { maxAttempts: 2 });
    const { output } = await rig.client.send(new ConverseCommand(converse));
    expect(output?.message?.content).toEqual([{ text: ANSWER }]);
    expect(rig.simulator.counts()).toMatchObject({ requested: 2, refused: 1, completed: 1 });
  });
});

describe('a signature that is wrong', () => {
  it.each([
    [
      'another secret',
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wrong' },
      'InvalidSignatureException',
    ],
    ['another key', { accessKeyId: 'AKIAOTHER', secretAccessKey: 'wrong' }, 'UnrecognizedClientException'],
  ])('is refused with 403: %s', async (_, credentials, name) => {
    await using rig = await open('HTTP/1.1', {}, { credentials });
    const error = await failureOf(rig.client.send(new ConverseCommand(converse)));
    expect(error.name).toBe(name);
    expect(error.$metadata?.httpStatusCode).toBe(403);
  });

  it('is refused with the headers that Bedrock has', async () => {
    await using simulator = await startBedrockSimulator();
    const response = await fetch(`${simulator.url}/model/x/converse`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(403);
    expect(response.headers.get('x-amzn-errortype')).toMatch(/^MissingAuthenticationTokenException:http/);
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[\da-f-]{36}$/);
    expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
  });
});

describe('a conversation', () => {
  it.each([
    [
      'an assistant first',
      [{ role: 'assistant' as const, content: [{ text: 'Hi' }] }],
      /must start with a user message/,
    ],
    ['two of the same role', [messages[0], messages[0]], /must alternate/],
    [
      'a blank text',
      [{ role: 'user' as const, content: [{ text: ' ' }] }],
      /messages\.0\.content\.0 is blank/,
    ],
  ])('is refused as Bedrock refuses it: %s', async (_, wrong, sentence) => {
    await using rig = await open('HTTP/1.1');
    const error = await failureOf(
      rig.client.send(
        new ConverseCommand({ modelId: MODEL, messages: wrong.flatMap((message) => message ?? []) }),
      ),
    );
    expect(error.name).toBe('ValidationException');
    expect(error.message).toMatch(sentence);
  });

  it('is refused where it has more tokens than the model reads', async () => {
    await using rig = await open('HTTP/1.1', { behaviour: { contextWindowTokens: 20 } });
    const error = await failureOf(rig.client.send(new ConverseCommand(converse)));
    expect(error.message).toMatch(/prompt is too long: \d+ tokens > 20 maximum/);
  });

  it('ends at its limit of tokens and at a stop sequence', async () => {
    await using rig = await open('HTTP/1.1');
    const ask = async (inferenceConfig: object) =>
      rig.client.send(new ConverseCommand({ ...converse, inferenceConfig }));
    const cut = await ask({ maxTokens: 3 });
    expect([cut.stopReason, cut.output?.message?.content]).toEqual([
      'max_tokens',
      [{ text: 'Grass is green' }],
    ]);
    const stopped = await ask({ stopSequences: [' Leaves'] });
    expect([stopped.stopReason, stopped.output?.message?.content]).toEqual([
      'stop_sequence',
      [{ text: 'Grass is green [1].' }],
    ]);
  });

  it('tells what was written to the prompt cache, and the next time that it was read from it', async () => {
    await using rig = await open('HTTP/1.1');
    const system = [
      { text: 'A long instruction. '.repeat(20) },
      { cachePoint: { type: 'default' as const } },
    ];
    const first = await rig.client.send(new ConverseCommand({ ...converse, system }));
    const second = await rig.client.send(new ConverseCommand({ ...converse, system }));
    expect(first.usage).toMatchObject({ cacheReadInputTokens: 0, cacheWriteInputTokens: 100 });
    expect(second.usage).toMatchObject({ cacheReadInputTokens: 100, cacheWriteInputTokens: 0 });
  });
});

describe('the control of a simulator', () => {
  it('gives counts, takes behaviour and faults over HTTP, and refuses what makes no sense', async () => {
    await using rig = await open('HTTP/2');
    const control = async (method: string, path: string, body?: object) => {
      const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const response = await fetch(`${rig.simulator.url}/_simulator/${path}`, init);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    expect((await control('POST', 'behaviour', { tokens_per_second: 1000, answers: ['Fine.'] })).status).toBe(
      200,
    );
    expect((await control('POST', 'faults', { kind: 'throttle', times: 1 })).status).toBe(200);
    expect((await readStream(rig.client)).failure?.name).toBe('ThrottlingException');
    expect((await readStream(rig.client)).text).toBe('Fine.');
    expect((await control('GET', 'counts')).body).toMatchObject({
      requested: 2,
      by_operation: { ConverseStream: 2 },
    });
    expect(await control('POST', 'faults', { kind: 'nonsense' })).toMatchObject({ status: 400 });
    expect((await control('POST', 'behaviour', { jitter: 7 })).body['message']).toContain('jitter');
    expect((await control('GET', 'nothing')).status).toBe(404);
  });
});

describe('one port', () => {
  it('serves both protocols, also where the first byte comes alone', async () => {
    await using simulator = await startBedrockSimulator();
    const { port, hostname } = new URL(simulator.url);
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });
    await once(socket, 'connect');
    socket.write('P');
    await vi.waitFor(() => expect(simulator.counts().connectionsNow).toBe(1));
    socket.write('OST /_simulator/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let answer = '';
    for await (const part of socket) answer += String(part);
    expect(answer).toMatch(/^HTTP\/1\.1 404/);
  });

  it('ends every connection when it closes, the stalled ones too', async () => {
    const rig = await open('HTTP/2', { faults: [{ kind: 'stall-inside' }] });
    const reading = readStream(rig.client);
    await vi.waitFor(() => expect(rig.simulator.counts().openNow).toBe(1));
    await rig.simulator.close();
    await reading;
    expect(rig.simulator.counts().connectionsNow).toBe(0);
    rig.client.destroy();
  });
});

function textOfChunk(chunk: Record<string, unknown>): string {
  const { delta, outputText, generation, outputs, choices, text } = chunk as {
    delta?: { text?: string };
    outputText?: string;
    generation?: string;
    outputs?: { text: string }[];
    choices?: { message: { content: string } }[];
    text?: string;
  };
  return (
    delta?.text ??
    outputText ??
    generation ??
    outputs?.[0]?.text ??
    choices?.[0]?.message.content ??
    text ??
    ''
  );
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
