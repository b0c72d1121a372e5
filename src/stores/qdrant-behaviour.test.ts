import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type QdrantExchange,
  type QdrantSimulator,
  startQdrantSimulator,
} from '../simulators/qdrant-simulator.ts';
import { exampleDocument } from '../testing/example-documents.ts';
import { pendingPoint } from './qdrant-pending.ts';
import { pointId } from './qdrant-points.ts';
import { QdrantStore, type QdrantStoreOptions } from './qdrant-store.ts';
import type { VectorStoreQuery } from './vector-store.ts';

let simulator: QdrantSimulator;
let exchanges: QdrantExchange[];
beforeEach(async () => {
  exchanges = [];
  simulator = await startQdrantSimulator({ onExchange: (exchange) => exchanges.push(exchange) });
});
afterEach(async () => simulator.close());

const open = async (options: Partial<QdrantStoreOptions> = {}) =>
  QdrantStore.open({ url: simulator.url, timeoutMs: 5000, ...options });
const asked = (operation: string) => simulator.counts().operations[operation] ?? 0;
const bodies = (path: string) =>
  exchanges
    .filter((each) => each.path.endsWith(path))
    .map((each) => each.requestBody as Record<string, unknown>);
const ids = async (store: QdrantStore, query: VectorStoreQuery) =>
  (await store.query(query)).map(({ chunk }) => chunk.documentId);

describe('storing in Qdrant', () => {
  it.each([0, 1, 64, 65, 200, 201])('sends %d chunks in batches of 64, every one of them', async (count) => {
    await using store = await open();
    const texts = Array.from({ length: count }, (_, n) => `part ${n}`);
    await store.replaceDocuments(count === 0 ? [] : [exampleDocument('d', texts)]);
    expect((await store.getDocumentChunks('d')).map(({ text }) => text)).toEqual(texts);
    const sizes = bodies('/points')
      .map(({ points }) => (points as readonly { payload: { kind: string } }[] | undefined) ?? [])
      .filter(([first]) => first?.payload.kind === 'chunk')
      .map((points) => points.length);
    expect(sizes.toSorted((a, b) => b - a)).toEqual(
      Array.from({ length: Math.ceil(count / 64) }, (_, n) => Math.min(64, count - n * 64)),
    );
  });

  it('tries once without retries, and stores nothing where that fails', async () => {
    await using store = await open({ maxRetries: 0 });
    simulator.fail({ kind: 'status', status: 503, operation: 'PUT points' });
    await expect(store.replaceDocuments([exampleDocument('d', ['text'])])).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
    expect(asked('PUT points')).toBe(2);
    simulator.heal();
    expect(await store.getDocument('d')).toBeUndefined();
  });

  it.each(['status', 'reset', 'cut', 'lost'] as const)(
    'stores everything once when requests fail by %s and are repeated',
    async (kind) => {
      await using store = await open({ batchSize: 10 });
      for (const operation of ['PUT points', 'POST points/batch', 'POST points/scroll', 'POST points']) {
        simulator.fail({ kind, operation, times: 2 });
      }
      const texts = Array.from({ length: 45 }, (_, n) => `part ${n}`);
      await store.replaceDocuments([exampleDocument('d', texts)]);
      simulator.heal();
      expect(await store.count()).toEqual({ documents: 1, chunks: 45 });
      expect((await store.getDocumentChunks('d')).map(({ text }) => text)).toEqual(texts);
    },
  );

  it('waits longer and longer, with jitter, and as long as a busy server asks it to', async () => {
    const waits: number[] = [];
    const sleep = async (milliseconds: number) => void waits.push(milliseconds);
    await using store = await open({ sleep, maxRetries: 5 });
    simulator.fail({ kind: 'status', operation: 'POST points' });
    await expect(store.getDocument('d')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(waits.every((wait, at) => wait >= 0 && wait <= 100 * 2 ** at)).toBe(true);
    expect(new Set(waits).size).toBe(5);
    waits.length = 0;
    simulator.heal();
    simulator.fail({ kind: 'status', status: 429, retryAfterSeconds: 9, operation: 'POST points', times: 2 });
    expect(await store.getDocument('d')).toBeUndefined();
    expect(waits).toEqual([9000, 9000]);
  });

  it('refuses to delete nothing, so that no filter is empty', async () => {
    await using store = await open();
    await store.replaceDocuments([exampleDocument('d', ['text'])]);
    await expect(store.deleteDocuments([])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await store.deleteDocuments(['nobody'])).toBe(0);
    expect(await store.count()).toEqual({ documents: 1, chunks: 1 });
  });
});

describe('a document that is being replaced in Qdrant', () => {
  const old = exampleDocument('d', ['basalt one', 'basalt two', 'basalt three']);
  const next = exampleDocument('d', ['granite basalt one', 'granite basalt two'], { version: 'v2' });

  it.each([
    ['before its chunks', 'PUT points', 0],
    ['between its chunks', 'PUT points', 1],
    ['before the switch', 'PUT points', 3],
    ['before the old version is deleted', 'POST points/batch', 0],
  ] as const)(
    'is whole when the writer ends %s, and the next write tidies up',
    async (_, operation, after) => {
      {
        await using store = await open({ batchSize: 1, parallel: 1, maxRetries: 0 });
        await store.replaceDocuments([old]);
        simulator.fail({ kind: 'reset', operation, after });
        await expect(store.replaceDocuments([next])).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
        simulator.heal();
      }
      await using store = await open();
      const isSwitched = operation === 'POST points/batch';
      const expected = (isSwitched ? next : old).chunks.map(({ text }) => text);
      expect((await store.getDocumentChunks('d')).map(({ text }) => text)).toEqual(expected);
      const found = await store.query({ mode: 'sparse', text: 'basalt granite', topK: 10 });
      expect(found.map(({ chunk }) => chunk.text).toSorted()).toEqual(expected.toSorted());
      await store.replaceDocuments([exampleDocument('other', ['text'])]);
      expect(await store.count()).toEqual({ documents: 2, chunks: expected.length + 1 });
    },
  );

  it('is searched as one version or the other, never as none or both, while it is switched', async () => {
    await using writer = await open({ batchSize: 1 });
    await using reader = await open();
    await writer.replaceDocuments([old]);
    const writing = { isDone: false };
    const end = (async () => {
      for (let n = 0; n < 12; n += 1) await writer.replaceDocuments([n % 2 === 0 ? next : old]);
    })().finally(() => (writing.isDone = true));
    const seen = new Set<string>();
    while (!writing.isDone) {
      const found = await reader.query({ mode: 'sparse', text: 'basalt', topK: 10 });
      seen.add(
        found
          .map(({ chunk }) => chunk.text)
          .toSorted()
          .join(),
      );
    }
    await end;
    const whole = new Set(
      [old, next].map(({ chunks }) =>
        chunks
          .map(({ text }) => text)
          .toSorted()
          .join(),
      ),
    );
    expect([...seen].filter((texts) => !whole.has(texts))).toEqual([]);
    expect(await writer.count()).toEqual({ documents: 1, chunks: 3 });
  });

  it('is searched past any number of chunks that are not switched to yet', async () => {
    await using store = await open();
    await store.replaceDocuments([old]);
    await store.replaceDocuments(
      Array.from({ length: 40 }, (_, n) => exampleDocument(`new${n}`, ['basalt'])),
    );
    const versions = exchanges.flatMap(
      ({ requestBody }) => (JSON.stringify(requestBody) ?? '').match(/"version":"([^"]+)"/)?.[1] ?? [],
    );
    const version = versions.at(-1) ?? '';
    // As it was before the switch: the chunks and the note are there, the documents' points are not.
    await fetch(`${simulator.url}/collections/documents/points?wait=true`, {
      method: 'PUT',
      body: JSON.stringify({
        points: [
          pendingPoint(
            version,
            Array.from({ length: 40 }, (_, n) => `new${n}`),
          ),
        ],
      }),
    });
    await fetch(`${simulator.url}/collections/documents/points/delete?wait=true`, {
      method: 'POST',
      body: JSON.stringify({ points: Array.from({ length: 40 }, (_, n) => pointId('document', `new${n}`)) }),
    });
    expect(await ids(store, { mode: 'sparse', text: 'basalt', topK: 3 })).toEqual(['d', 'd', 'd']);
  });

  it('ends as one version where two writers store it at the same time', async () => {
    const stores = await Promise.all([
      open({ batchSize: 1 }),
      open({ batchSize: 1 }),
      open({ batchSize: 1 }),
    ]);
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        stores.map(async (store, n) =>
          store.replaceDocuments([
            exampleDocument('d', ['a', 'b', 'c'].slice(n), { version: `v${round}-${n}` }),
          ]),
        ),
      );
      const [store] = stores;
      const chunks = await store.getDocumentChunks('d');
      expect(await store.count()).toEqual({ documents: 1, chunks: chunks.length });
    }
  });
});

describe('searching Qdrant', () => {
  const vector = (...values: number[]) => Float32Array.from(values);
  const fill = async (store: QdrantStore) =>
    store.replaceDocuments([
      exampleDocument('words', ['shock wave shock'], { vectors: [vector(0, 1)] }),
      exampleDocument('vector', ['nothing else'], { vectors: [vector(1, 0)] }),
      exampleDocument('both', ['shock of the new'], { vectors: [vector(0.9, 0.1)] }),
    ]);
  const hybrid = { mode: 'hybrid', text: 'shock wave', vector: vector(1, 0), topK: 3 } as const;

  it('is one request for a hybrid search, and one for which versions to read', async () => {
    await using store = await open({ dimension: 2 });
    await fill(store);
    const before = simulator.counts();
    expect((await ids(store, hybrid)).toSorted()).toEqual(['both', 'vector', 'words']);
    expect(simulator.counts().requests - before.requests).toBe(2);
    expect(asked('POST points/query') - (before.operations['POST points/query'] ?? 0)).toBe(1);
  });

  it.each([
    [0, { mode: 'sparse', text: hybrid.text, topK: 3 }],
    [1, { mode: 'default', vector: hybrid.vector, topK: 3 }],
  ] as const)('with alpha %d is exactly the search %o', async (alpha, alone) => {
    await using store = await open({ dimension: 2, alpha });
    await fill(store);
    expect(await store.query(hybrid)).toEqual(await store.query(alone));
  });

  it('leans to words or to vectors as alpha says', async () => {
    const order = async (alpha: number) => {
      await using store = await open({ dimension: 2, alpha });
      await fill(store);
      return await ids(store, hybrid);
    };
    const [words, vectors] = [await order(0.1), await order(0.9)];
    expect(words.indexOf('words')).toBeLessThan(words.indexOf('vector'));
    expect(vectors.indexOf('vector')).toBeLessThan(vectors.indexOf('words'));
  });

  it.each(['rrf', 'dbsf'] as const)(
    'by %s cuts to topK where one side is empty, and finds nothing in nothing',
    async (fusion) => {
      await using store = await open({ dimension: 2, fusion });
      expect(await store.query(hybrid)).toEqual([]);
      await fill(store);
      const found = await store.query({ ...hybrid, text: 'the of', topK: 2 });
      expect(found.map(({ chunk }) => chunk.documentId)).toEqual(['vector', 'both']);
    },
  );

  it('lets scores that are all equal decide nothing, by dbsf', async () => {
    await using store = await open({ dimension: 2, fusion: 'dbsf' });
    await fill(store);
    const found = await store.query({ ...hybrid, vector: vector(0, 0) });
    expect(found.map(({ chunk }) => chunk.documentId)).toEqual(['words', 'both', 'vector']);
  });

  it('filters without a text, in every mode', async () => {
    await using store = await open({ dimension: 2 });
    await fill(store);
    const filters = { filters: [{ key: 'document_id', value: 'vector' }] };
    expect(await ids(store, { ...hybrid, filters })).toEqual(['vector']);
    expect(await ids(store, { mode: 'default', vector: vector(0, 1), topK: 3, filters })).toEqual(['vector']);
    expect(await ids(store, { mode: 'sparse', text: 'shock', topK: 3, filters })).toEqual([]);
  });

  it('never turns a mode it has not into another', async () => {
    await using words = await open({ collection: 'words' });
    const before = asked('POST points/query');
    await expect(words.query(hybrid)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(words.query({ ...hybrid, mode: 'mmr' as never })).rejects.toMatchObject({
      code: 'NOT_IMPLEMENTED',
    });
    await using store = await open({ dimension: 2, mmr: { diversity: 0.5 } });
    await expect(store.query(hybrid)).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' });
    expect(asked('POST points/query')).toBe(before);
  });

  it('prefers chunks that differ with mmr, and the nearest without', async () => {
    const vectors = [vector(1, 0), vector(0.99, 0.01), vector(0.6, 0.8)];
    const entry = exampleDocument('d', ['first', 'its twin', 'another'], { vectors });
    const query = { mode: 'default', vector: vector(1, 0), topK: 2 } as const;
    const texts = async (options: Partial<QdrantStoreOptions>) => {
      await using store = await open({ dimension: 2, ...options });
      await store.replaceDocuments([entry]);
      return (await store.query(query)).map(({ chunk }) => chunk.text);
    };
    expect(await texts({})).toEqual(['first', 'its twin']);
    expect(await texts({ mmr: { diversity: 0.7 } })).toEqual(['first', 'another']);
  });

  it('leaves away what scores less than the threshold', async () => {
    await using store = await open({ dimension: 2, scoreThreshold: 0.95 });
    await fill(store);
    expect(await ids(store, { mode: 'default', vector: vector(1, 0), topK: 3 })).toEqual(['vector', 'both']);
  });
});
