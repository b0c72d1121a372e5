import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { describeEmbedder } from '../testing/embedder-contract.ts';
import { HashingEmbedder } from '../testing/hashing-embedder.ts';
import { serveFakeEmbeddings, type FakeEmbeddingServer } from '../testing/serve-fake-embeddings.ts';
import { BatchedEmbedder } from './batched-embedder.ts';
import { OpenAIEmbedder } from './openai-embedder.ts';

let servers: AsyncDisposableStack;
beforeEach(() => {
  servers = new AsyncDisposableStack();
  vi.stubEnv('OPENAI_API_KEY', undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await servers.disposeAsync();
});

const serve = async (options?: Parameters<typeof serveFakeEmbeddings>[0]): Promise<FakeEmbeddingServer> =>
  servers.use(await serveFakeEmbeddings(options));

describeEmbedder('OpenAIEmbedder', async () =>
  OpenAIEmbedder.open({ model: 'fake', url: (await serve()).url }),
);

describeEmbedder(
  'BatchedEmbedder',
  async () =>
    new BatchedEmbedder(
      await OpenAIEmbedder.open({ model: 'fake', url: (await serve()).url, maxBatchSize: 3 }),
    ),
);

describeEmbedder('HashingEmbedder', async () => new HashingEmbedder());

describe('OpenAIEmbedder', () => {
  it('finds the dimension by a first call, or asks for the one that is given', async () => {
    const server = await serve({ dimension: 48 });
    const found = await OpenAIEmbedder.open({ model: 'm', url: server.url });
    expect(found).toMatchObject({ name: 'openai:m', dimension: 48 });
    expect(server.requests).toHaveLength(1);
    const given = await OpenAIEmbedder.open({ model: 'm', url: server.url, dimension: 16 });
    expect(given.dimension).toBe(16);
    expect(server.requests).toHaveLength(1);
    expect(await given.embedQuery('tea')).toHaveLength(16);
    expect(server.requests.at(-1)).toMatchObject({ dimensions: 16 });
  });

  it('reads vectors as base64, and as numbers where the server does not know base64', async () => {
    const expected = await new HashingEmbedder({ dimension: 8 }).embedQuery('green tea');
    const plain = await serve({ dimension: 8 });
    const embedder = await OpenAIEmbedder.open({ model: 'm', url: plain.url });
    expect(await embedder.embedQuery('green tea')).toEqual(expected);
    expect(plain.requests.at(-1)?.encoding_format).toBe('base64');

    const ignores = await serve({
      answer: () => ({ status: 200, body: { data: [{ index: 0, embedding: [...expected] }] } }),
    });
    expect(
      await (await OpenAIEmbedder.open({ model: 'm', url: ignores.url })).embedQuery('green tea'),
    ).toEqual(expected);

    const refuses = await serve({
      dimension: 8,
      answer: ({ encoding_format }) =>
        encoding_format === 'base64'
          ? { status: 400, body: { error: { message: 'encoding_format base64 is not supported' } } }
          : undefined,
    });
    const floats = await OpenAIEmbedder.open({ model: 'm', url: refuses.url });
    expect(await floats.embedQuery('green tea')).toEqual(expected);
    expect(refuses.requests.map((request) => request.encoding_format)).toEqual(['base64', 'float', 'float']);
  });

  it('sends the key where there is one, and no such header where there is none', async () => {
    const server = await serve();
    await OpenAIEmbedder.open({ model: 'm', url: server.url });
    await OpenAIEmbedder.open({ model: 'm', url: server.url, apiKey: 'mine' });
    vi.stubEnv('OPENAI_API_KEY', 'from the environment');
    await OpenAIEmbedder.open({ model: 'm', url: server.url });
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      'Bearer mine',
      'Bearer from the environment',
    ]);
  });

  it.each([
    [401, { message: 'Incorrect API key' }, 'CREDENTIALS', /Incorrect API key.*OPENAI_API_KEY/],
    [403, { message: 'No access' }, 'ACCESS_DENIED', /access to the model/],
    [404, { message: 'model "m" not found' }, 'MODEL_NOT_FOUND', /no model m .*\/v1/],
    [429, { message: 'Rate limit' }, 'THROTTLED', /too many calls/],
    [429, { message: 'No money', code: 'insufficient_quota' }, 'EMBEDDER_FAILED', /no credit/],
    [
      400,
      { message: "This model's maximum context length is 8192 tokens" },
      'CONTEXT_OVERFLOW',
      /chunk\.size/,
    ],
    [500, { message: 'input is too large to process' }, 'CONTEXT_OVERFLOW', /chunk\.size/],
    [422, 'batch size 40 > maximum allowed batch size 32', 'TOO_LARGE', /fewer texts/],
    [413, { message: 'Payload Too Large' }, 'TOO_LARGE', /smaller calls/],
    [400, { message: 'dimensions is not supported' }, 'EMBEDDER_FAILED', /refuses the call/],
    [500, { message: 'Oops' }, 'UPSTREAM_UNAVAILABLE', /in trouble/],
    [503, undefined, 'UPSTREAM_UNAVAILABLE', /in trouble/],
  ])('says of status %s with %j that it is %s, and what to do', async (status, error, code, message) => {
    const server = await serve({ answer: () => ({ status, body: { error } }) });
    const embedder = await OpenAIEmbedder.open({ model: 'm', url: server.url, dimension: 8 });
    await expect(embedder.embedDocuments(['tea'])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('says so where nobody listens, and where something else answers', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const nobody = await OpenAIEmbedder.open({
      model: 'm',
      url: `http://127.0.0.1:${port}/v1`,
      dimension: 8,
    });
    await expect(nobody.embedQuery('tea')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringMatching(/cannot be reached at .*ECONNREFUSED/) as string,
    });
    const page = await serve({ answer: () => ({ status: 200, body: { welcome: true } }) });
    const other = await OpenAIEmbedder.open({ model: 'm', url: page.url, dimension: 8 });
    await expect(other.embedQuery('tea')).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringMatching(/without embeddings.*\/v1/) as string,
    });
  });

  it('ends a call on the wire when its caller leaves', async () => {
    const asked = Promise.withResolvers<void>();
    const server = await serve({
      answer: async () => {
        asked.resolve();
        return Promise.withResolvers<never>().promise;
      },
    });
    const embedder = await OpenAIEmbedder.open({ model: 'm', url: server.url, dimension: 8 });
    const caller = new AbortController();
    const call = embedder.embedQuery('tea', { signal: caller.signal });
    await asked.promise;
    caller.abort(new Error('The reader left.'));
    await expect(call).rejects.toThrow('The reader left.');
  });

  it('waits as long as the server asks before it is called again, below the layer that does so', async () => {
    const waits: number[] = [];
    let refusals = 1;
    const server = await serve({
      answer: () => {
        if (refusals === 0) return undefined;
        refusals -= 1;
        return { status: 429, body: { error: { message: 'slow down' } }, headers: { 'retry-after': '2' } };
      },
    });
    const inner = await OpenAIEmbedder.open({ model: 'm', url: server.url, dimension: 64 });
    const embedder = new BatchedEmbedder(inner, {
      timeoutMs: 60_000,
      random: () => 0,
      sleep: async (milliseconds, signal) => {
        waits.push(milliseconds);
        if (milliseconds === 60_000) await once(signal, 'abort');
      },
    });
    expect(await embedder.embedQuery('tea')).toHaveLength(64);
    expect(waits.filter((wait) => wait !== 60_000)).toEqual([2000]);
    expect(server.requests).toHaveLength(2);
  });
});
