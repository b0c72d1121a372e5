import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startBedrockSimulator, type BedrockSimulator } from '../simulators/bedrock-simulator.ts';
import { describeEmbedder } from '../testing/embedder-contract.ts';
import { BatchedEmbedder } from './batched-embedder.ts';
import { BedrockEmbedder } from './bedrock-embedder.ts';
import { bedrockEmbeddingModel } from './bedrock-embedding-models.ts';

const TITAN = 'amazon.titan-embed-text-v2:0';
const COHERE_3 = 'cohere.embed-multilingual-v3';
const COHERE_4 = 'us.cohere.embed-v4:0';

let simulator: BedrockSimulator;
beforeEach(async () => {
  simulator = await startBedrockSimulator();
  for (const [name, value] of Object.entries(simulator.environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await simulator.close();
});

for (const model of [TITAN, COHERE_3, COHERE_4]) {
  describeEmbedder(`BedrockEmbedder with ${model}`, async () => BedrockEmbedder.open({ model }));
}

describe('BedrockEmbedder', () => {
  it.each([
    [TITAN, undefined, 1024],
    [TITAN, 256, 256],
    [COHERE_3, undefined, 1024],
    [COHERE_4, undefined, 1536],
    [COHERE_4, 512, 512],
    ['amazon.titan-embed-text-v1', undefined, 1536],
  ])('has, with %s and the dimension %s, vectors of %i numbers', async (model, dimension, expected) => {
    await using embedder = await BedrockEmbedder.open({ model, dimension });
    expect(embedder).toMatchObject({ name: `bedrock:${model}`, dimension: expected });
    expect(await embedder.embedQuery('green tea')).toHaveLength(expected);
  });

  it('refuses a model and a dimension that there is not, with those that there are', async () => {
    await expect(BedrockEmbedder.open({ model: 'anthropic.claude-3' })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('amazon.titan-embed-text-v2:0') as string,
    });
    await expect(BedrockEmbedder.open({ model: COHERE_4, dimension: 300 })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('1536 or 1024 or 512 or 256') as string,
    });
  });

  it('says of texts whether they are stored or asked, and cuts what is too long', () => {
    const cohere = bedrockEmbeddingModel(COHERE_3);
    const of = (type: 'document' | 'query') => ({ type, dimension: 1024 });
    expect(cohere.body(['a'], of('document'))).toMatchObject({
      input_type: 'search_document',
      truncate: 'END',
    });
    expect(cohere.body(['a'], of('query'))).toMatchObject({ input_type: 'search_query' });
    const fourth = bedrockEmbeddingModel(
      `arn:aws:bedrock:eu-west-1:1:inference-profile/eu.cohere.embed-v4:0`,
    );
    expect(fourth.body(['a'], { type: 'query', dimension: 512 })).toMatchObject({
      input_type: 'search_query',
      output_dimension: 512,
      truncate: 'RIGHT',
    });
    expect(bedrockEmbeddingModel(TITAN).body(['a'], { type: 'query', dimension: 256 })).toEqual({
      inputText: 'a',
      dimensions: 256,
      normalize: true,
    });
  });

  it('embeds any number of texts of any length below its layer', async () => {
    for (const model of [TITAN, COHERE_3]) {
      await using embedder = new BatchedEmbedder(await BedrockEmbedder.open({ model }));
      const texts = Array.from({ length: 150 }, (_, at) => `word${at} `.repeat(1 + (at % 5) * 100));
      const vectors = await embedder.embedDocuments(texts);
      expect(vectors).toHaveLength(150);
      // Of another order, some would not be found again.
      for (const at of [0, 77, 149]) {
        const [alone] = await embedder.embedDocuments([texts[at] ?? '']);
        expect(vectors[at]).toEqual(alone);
      }
    }
  });

  it.each([
    ['throttle', 'THROTTLED', /too many calls/],
    ['internal-server-error', 'UPSTREAM_UNAVAILABLE', /in trouble/],
    ['service-unavailable', 'UPSTREAM_UNAVAILABLE', /in trouble/],
    ['model-not-ready', 'UPSTREAM_UNAVAILABLE', /in trouble/],
    ['model-timeout', 'TIMEOUT', /took too long/],
    ['model-error', 'EMBEDDER_FAILED', /refuses the call/],
    ['context-overflow', 'CONTEXT_OVERFLOW', /chunk\.size/],
    ['access-denied', 'ACCESS_DENIED', /bedrock:InvokeModel/],
    ['model-not-found', 'MODEL_NOT_FOUND', /AWS_REGION/],
    ['expired-token', 'CREDENTIALS', /AWS_PROFILE/],
    ['invalid-signature', 'CREDENTIALS', /AWS_PROFILE/],
    ['reset-before', 'UPSTREAM_UNAVAILABLE', /cannot be reached/],
  ] as const)('says of %s that it is %s, and asks no second time', async (kind, code, message) => {
    simulator.order({ kind });
    await using embedder = await BedrockEmbedder.open({ model: TITAN });
    await expect(embedder.embedQuery('tea')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(simulator.counts().requested).toBe(1);
  });

  it('is tried again by its layer, only the call that failed', async () => {
    simulator.order({ kind: 'throttle', times: 2 });
    const inner = await BedrockEmbedder.open({ model: TITAN });
    await using embedder = new BatchedEmbedder(inner, { baseDelayMs: 1, random: () => 0 });
    expect(await embedder.embedDocuments(['a', 'b', 'c'])).toHaveLength(3);
    expect(simulator.counts().requested).toBe(5);
  });

  it('ends the call when its caller leaves', async () => {
    simulator.order({ kind: 'stall-before' });
    await using embedder = await BedrockEmbedder.open({ model: TITAN });
    const caller = new AbortController();
    const call = embedder.embedQuery('tea', { signal: caller.signal });
    await expect.poll(() => simulator.counts().requested).toBe(1);
    caller.abort(new Error('The reader left.'));
    await expect(call).rejects.toThrow('The reader left.');
    await expect.poll(() => simulator.counts().openNow).toBe(0);
  });

  it('says so where nobody listens, and where there are no credentials', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    await using nobody = await BedrockEmbedder.open({ model: TITAN, endpoint: `http://127.0.0.1:${port}` });
    await expect(nobody.embedQuery('tea')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringMatching(/cannot be reached.*ECONNREFUSED/) as string,
    });
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    await using unknown = await BedrockEmbedder.open({ model: TITAN });
    await expect(unknown.embedQuery('tea')).rejects.toMatchObject({ code: 'CREDENTIALS' });
    vi.stubEnv('AWS_REGION', undefined);
    await using nowhere = await BedrockEmbedder.open({ model: TITAN });
    await expect(nowhere.embedQuery('tea')).rejects.toMatchObject({
      code: expect.stringMatching(/CONFIGURATION|CREDENTIALS/) as string,
    });
  });
});
