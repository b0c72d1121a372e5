import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type QdrantSimulator, startQdrantSimulator } from '../simulators/qdrant-simulator.ts';
import { exampleDocument } from '../testing/example-documents.ts';
import { QdrantStore, type QdrantStoreOptions } from './qdrant-store.ts';

let simulator: QdrantSimulator;
beforeEach(async () => {
  simulator = await startQdrantSimulator();
});
afterEach(async () => simulator.close());

const open = async (options: Partial<QdrantStoreOptions> = {}) =>
  QdrantStore.open({ url: simulator.url, ...options });
const put = async (path: string, body: object) =>
  fetch(`${simulator.url}/collections/${path}`, { method: 'PUT', body: JSON.stringify(body) });
const words = { vectors: {}, sparse_vectors: { terms: { modifier: 'idf' } } };

describe('opening a collection in Qdrant', () => {
  it('makes one collection for any number that open it at once', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, async () => open({ dimension: 2 })));
    expect(simulator.counts().operations['PUT']).toBeGreaterThan(1);
    await Promise.all(
      stores.map(async (store, n) => {
        await store.replaceDocuments([
          exampleDocument(`d${n}`, ['text'], { vectors: [Float32Array.of(1, n)] }),
        ]);
      }),
    );
    expect(await stores[0]?.count()).toEqual({ documents: 8, chunks: 8 });
  });

  it('gives the collection what the options say', async () => {
    await open({
      dimension: 3,
      shards: 2,
      replicas: 3,
      writeConsistency: 2,
      onDisk: true,
      quantization: 'scalar',
      collection: 'large',
    });
    const info = (await (await fetch(`${simulator.url}/collections/large`)).json()) as object;
    expect(info).toMatchObject({
      result: {
        config: {
          params: {
            vectors: { dense: { size: 3, distance: 'Cosine', on_disk: true } },
            sparse_vectors: { terms: { modifier: 'idf' } },
            shard_number: 2,
            replication_factor: 3,
            write_consistency_factor: 2,
          },
          quantization_config: { scalar: { type: 'int8' } },
        },
        payload_schema: { facts: { data_type: 'keyword' }, order0: { data_type: 'integer' } },
      },
    });
  });

  it.each<[string, QdrantStoreOptions | object, QdrantStoreOptions | object, RegExp]>([
    ['another dimension', { dimension: 2 }, { dimension: 3 }, /have 2 numbers, not 3/],
    ['vectors where it has none', {}, { dimension: 3 }, /keeps no vectors called dense/],
    ['words alone where it has vectors', { dimension: 2 }, {}, /opened for words alone/],
    [
      'another embedder',
      { dimension: 2, embedderName: 'local:a' },
      { dimension: 2, embedderName: 'local:b' },
      /local:a \(2 dimensions\).*local:b \(2 dimensions\)/,
    ],
  ])('refuses %s, and says the difference', async (_, before, after, message) => {
    await open(before);
    await expect(open(after)).rejects.toMatchObject({
      code: 'STORE_MISMATCH',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    [
      'without names for its vectors',
      { vectors: { size: 2, distance: 'Cosine' } },
      /have no name.*no sparse vectors/,
    ],
    [
      'that compares otherwise',
      { vectors: { dense: { size: 2, distance: 'Dot' } }, sparse_vectors: { terms: {} } },
      /by Dot.*lack the modifier idf/,
    ],
  ])('refuses a collection %s, that something else made', async (_, config, message) => {
    await put('documents', config);
    await expect(open({ dimension: 2 })).rejects.toMatchObject({
      code: 'STORE_MISMATCH',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a collection of the right form with points of something else, and takes an empty one', async () => {
    await put('documents', words);
    await open();
    await put('foreign', words);
    await put('foreign/points?wait=true', { points: [{ id: 1, vector: {}, payload: {} }] });
    await expect(open({ collection: 'foreign' })).rejects.toMatchObject({
      code: 'STORE_MISMATCH',
      message: expect.stringContaining('citestream did not make') as string,
    });
  });

  it('makes nothing, and writes nothing, when opened to read', async () => {
    await expect(open({ readOnly: true })).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(simulator.counts().operations['PUT']).toBeUndefined();
    await open();
    const store = await open({ readOnly: true });
    expect(await store.count()).toEqual({ documents: 0, chunks: 0 });
    await expect(store.replaceDocuments([exampleDocument('d', ['text'])])).rejects.toThrow(/read only/);
  });

  it.each(['', '../up', 'a b', '.hidden'])('refuses %j as a name', async (collection) => {
    await expect(open({ collection })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it.each<[Partial<QdrantStoreOptions>]>([
    [{ alpha: 2 }],
    [{ batchSize: 0 }],
    [{ maxRetries: -1 }],
    [{ url: 'qdrant' }],
  ])('refuses %j', async (options) => {
    await expect(open(options)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('a Qdrant that cannot be used', () => {
  it('is not taken for an empty one: a failure to look is no reason to make a collection', async () => {
    for (const status of [500, 401, 403]) {
      simulator.fail({ kind: 'status', status, operation: 'GET', times: 1 });
      await expect(open({ maxRetries: 0 })).rejects.toMatchObject({
        code: { 500: 'UPSTREAM_UNAVAILABLE', 401: 'CREDENTIALS', 403: 'ACCESS_DENIED' }[status],
      });
    }
    expect(simulator.counts().operations['PUT']).toBeUndefined();
  });

  it('asks for its API key, and takes it', async () => {
    await using guarded = await startQdrantSimulator({ apiKey: 'secret' });
    await expect(open({ url: guarded.url })).rejects.toMatchObject({
      code: 'CREDENTIALS',
      message: expect.stringContaining('CITESTREAM_QDRANT_API_KEY') as string,
    });
    await expect(open({ url: guarded.url, apiKey: 'secret' })).resolves.toBeInstanceOf(QdrantStore);
  });

  it('is told apart from one that is not there, and from something else', async () => {
    const gone = await startQdrantSimulator();
    await gone.close();
    await expect(open({ url: gone.url, maxRetries: 1 })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    const other = createServer((_, response) => response.end('<html>hello</html>')).listen(0);
    await once(other, 'listening');
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await expect(open({ url })).rejects.toMatchObject({
      message: expect.stringContaining('no Qdrant') as string,
    });
    other.close();
  });

  it('is refused where it is too old, and warned of where it was not tried', async () => {
    await using old = await startQdrantSimulator({ version: '1.9.4' });
    await expect(open({ url: old.url })).rejects.toThrow(/version 1\.9\.4; citestream needs 1\.10/);
    await using new_ = await startQdrantSimulator({ version: '1.42.0' });
    const warnings: string[] = [];
    await open({ url: new_.url, onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual([expect.stringContaining('version 1.42.0')]);
  });

  it('refuses what came later than its version, where it would leave it away without a word', async () => {
    await using server = await startQdrantSimulator({ version: '1.14.0' });
    const options = { url: server.url, dimension: 2, onWarning: () => undefined };
    const hybrid = { mode: 'hybrid', text: 'text', vector: Float32Array.of(1, 0), topK: 1 } as const;
    const weighted = await open({ ...options, alpha: 0.7 });
    await expect(weighted.query(hybrid)).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
      message: expect.stringContaining('1.17') as string,
    });
    const diverse = await open({ ...options, mmr: { diversity: 0.5 } });
    await expect(diverse.query({ ...hybrid, mode: 'default' })).rejects.toThrow(/1\.15/);
    const plain = await open(options);
    expect(await plain.query(hybrid)).toEqual([]);
  });

  it('that is silent is given up after the time-out, and at once when the caller leaves', async () => {
    const store = await open({ timeoutMs: 50 });
    simulator.fail({ kind: 'stall', operation: 'POST points/query' });
    const query = { mode: 'sparse', text: 'text', topK: 1 } as const;
    await expect(store.query(query)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('50 ms') as string,
    });
    const patient = await open();
    const controller = new AbortController();
    const reason = new Error('the reader left');
    const asked = simulator.counts().operations['POST points/query'] ?? 0;
    const search = patient.query(query, { signal: controller.signal });
    await expect.poll(() => simulator.counts().operations['POST points/query']).toBe(asked + 1);
    controller.abort(reason);
    await expect(search).rejects.toBe(reason);
    await expect.poll(() => simulator.counts().open).toBe(0);
  });

  it('is reached over connections that are kept open, no more than allowed', async () => {
    const store = await open({ maxConnections: 3 });
    await Promise.all(Array.from({ length: 30 }, async () => store.count()));
    expect(simulator.counts().connections).toBeLessThanOrEqual(3);
  });

  it('is reached below a path', async () => {
    const proxy = createServer((request, response) => {
      const isBelow = request.url?.startsWith('/qdrant/');
      response.writeHead(isBelow === true ? 307 : 500, {
        location: simulator.url + request.url?.slice('/qdrant'.length),
      });
      response.end();
    }).listen(0);
    await once(proxy, 'listening');
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/qdrant/`;
    await expect(open({ url })).resolves.toBeInstanceOf(QdrantStore);
    proxy.close();
  });
});
