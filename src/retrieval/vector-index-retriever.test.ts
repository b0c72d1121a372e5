import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScoredChunk } from '../documents/document.ts';
import { LanceDBStore } from '../stores/lancedb-store.ts';
import type { QueryMode, VectorStore, VectorStoreQuery } from '../stores/vector-store.ts';
import { exampleDocument } from '../testing/example-documents.ts';
import { HashingEmbedder } from '../testing/hashing-embedder.ts';
import type { Postprocessor } from './postprocessor.ts';
import { VectorIndexRetriever } from './vector-index-retriever.ts';

const TEXTS: Readonly<Record<string, readonly string[]>> = {
  tea: ['Green tea is steeped at eighty degrees.', 'Black tea is steeped with boiling water.'],
  coffee: ['Coffee is brewed with hot water.', 'Espresso is coffee under pressure.'],
  echo: [
    'Echo repeats tea.',
    'Echo repeats tea.',
    'Echo repeats tea.',
    'Echo ends; more words about tea here.',
  ],
  copy: ['Echo repeats tea.'],
};

let folder: string;
let store: LanceDBStore;
const embedder = () => new HashingEmbedder({ dimension: 128 });
const texts = (chunks: readonly ScoredChunk[]) => chunks.map(({ chunk }) => chunk.text);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citestream-retriever-'));
  store = await LanceDBStore.open(folder, { dimension: 128, embedderName: 'hashing:128' });
  const documents = Object.entries(TEXTS).map(async ([id, chunks]) =>
    exampleDocument(id, chunks, {
      vectors: await embedder().embedDocuments(chunks),
      metadata: { hot: id !== 'echo', drink: id },
    }),
  );
  await store.replaceDocuments(await Promise.all(documents));
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('VectorIndexRetriever', () => {
  it('searches by words without an embedder, and by both with one', () => {
    expect(new VectorIndexRetriever({ store }).mode).toBe('sparse');
    expect(new VectorIndexRetriever({ store, embedder: embedder() }).mode).toBe('hybrid');
  });

  it.each(['sparse', 'default', 'hybrid'] as const)('finds the best first in the mode %s', async (mode) => {
    const retriever = new VectorIndexRetriever({ store, embedder: embedder(), mode });
    const found = await retriever.retrieve('coffee brewed with hot water', { topK: 2 });
    expect(found[0]?.chunk.text).toBe('Coffee is brewed with hot water.');
    expect(found).toHaveLength(2);
  });

  it('embeds the question once, and not at all in the mode sparse', async () => {
    const counting = embedder();
    await new VectorIndexRetriever({ store, embedder: counting, mode: 'sparse' }).retrieve('tea');
    expect(counting.texts).toEqual([]);
    await new VectorIndexRetriever({ store, embedder: counting }).retrieve('Echo repeats tea', { topK: 5 });
    expect(counting.texts).toEqual(['Echo repeats tea']);
  });

  it('fuses both searches: a chunk high in both is first, each once', async () => {
    const retriever = new VectorIndexRetriever({ store, embedder: embedder() });
    const found = await retriever.retrieve('espresso pressure', { topK: 10 });
    expect(found[0]?.chunk.text).toBe('Espresso is coffee under pressure.');
    expect(found[0]?.score).toBeCloseTo(2 / 61, 10);
    const ids = found.map(({ chunk }) => chunk.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('leaves the search to a store that fuses by itself', async () => {
    const asked: VectorStoreQuery[] = [];
    const fusing = stubStore(['sparse', 'default', 'hybrid'], async (query) => {
      asked.push(query);
      return [];
    });
    await new VectorIndexRetriever({ store: fusing, embedder: embedder() }).retrieve('tea');
    expect(asked).toMatchObject([
      { mode: 'hybrid', text: 'tea', vector: expect.any(Float32Array) as unknown },
    ]);
  });

  it('searches the words while the question is embedded', async () => {
    const asked: QueryMode[] = [];
    const embedding = Promise.withResolvers<Float32Array>();
    const slow = Object.assign(embedder(), { embedQuery: async () => embedding.promise });
    const recording = stubStore(['sparse', 'default'], async ({ mode }) => {
      asked.push(mode);
      if (mode === 'sparse') embedding.resolve(new Float32Array(128));
      return [];
    });
    await new VectorIndexRetriever({ store: recording, embedder: slow }).retrieve('tea');
    expect(asked).toEqual(['sparse', 'default']);
  });

  it('collapses chunks of one document with the same text, fills up, and keeps other documents', async () => {
    const retriever = new VectorIndexRetriever({ store, similarityTopK: 3 });
    const found = await retriever.retrieve('echo repeats');
    expect(texts(found).toSorted()).toEqual([
      'Echo ends; more words about tea here.',
      'Echo repeats tea.',
      'Echo repeats tea.',
    ]);
    expect(new Set(found.map(({ chunk }) => chunk.documentId))).toEqual(new Set(['echo', 'copy']));
  });

  it('joins its own filters with those of the question', async () => {
    const retriever = new VectorIndexRetriever({
      store,
      filters: { filters: [{ key: 'hot', value: true }] },
    });
    expect(texts(await retriever.retrieve('tea'))).not.toContain('Echo ends; more words about tea here.');
    const filters = { filters: [{ key: 'drink', operator: 'in', value: ['echo', 'copy'] }] } as const;
    expect((await retriever.retrieve('tea', { filters })).map(({ chunk }) => chunk.documentId)).toEqual([
      'copy',
    ]);
  });

  it('cuts by score, then runs the postprocessors in order and waits for each', async () => {
    const order: string[] = [];
    const first: Postprocessor = async (chunks, { question }) => {
      await Promise.resolve();
      order.push(`first of ${question}`);
      return chunks.toReversed();
    };
    const second: Postprocessor = (chunks) => {
      order.push('second');
      return chunks.slice(0, 1);
    };
    const plain = await new VectorIndexRetriever({ store }).retrieve('green tea');
    const best = plain[0]?.score ?? 0;
    const cut = new VectorIndexRetriever({ store, scoreCutoff: best, postprocessors: [first, second] });
    expect(await cut.retrieve('green tea')).toEqual(plain.slice(0, 1));
    expect(order).toEqual(['first of green tea', 'second']);
  });

  it('leaves its arguments as they are', async () => {
    const options = Object.freeze({
      topK: 2,
      filters: Object.freeze({ filters: Object.freeze([{ key: 'hot', value: true }]) }),
    });
    const retriever = new VectorIndexRetriever(Object.freeze({ store, embedder: embedder() }));
    const [once, again] = [
      await retriever.retrieve('tea', options),
      await retriever.retrieve('tea', options),
    ];
    expect(again).toEqual(once);
  });

  it.each(['', '  \n'])('finds nothing for the blank question %j', async (question) => {
    expect(await new VectorIndexRetriever({ store }).retrieve(question)).toEqual([]);
  });

  it.each([0, -1, 1.5, 101, 1e9, Number.NaN])('refuses topK %d', async (topK) => {
    expect(() => new VectorIndexRetriever({ store, similarityTopK: topK })).toThrow(/similarityTopK/);
    const refused = new VectorIndexRetriever({ store }).retrieve('tea', { topK });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'topK' });
  });

  it('refuses, when it is made, a mode that lacks an embedder, a store or a dimension', () => {
    const words = stubStore(['sparse'], async () => []);
    const configuration = expect.objectContaining({ code: 'CONFIGURATION' }) as Error;
    expect(() => new VectorIndexRetriever({ store, mode: 'hybrid' })).toThrow(configuration);
    expect(() => new VectorIndexRetriever({ store, mode: 'default' })).toThrow(/needs an embedder/);
    expect(() => new VectorIndexRetriever({ store: words, embedder: embedder() })).toThrow(/mode default/);
    const other = new HashingEmbedder({ dimension: 7 });
    expect(() => new VectorIndexRetriever({ store, embedder: other })).toThrow(/7 numbers.*128/);
  });

  it('gives up after its time, and ends the search', async () => {
    let given: AbortSignal | undefined;
    const stuck = stubStore(['sparse'], async (_, signal) => {
      given = signal;
      return new Promise(() => undefined);
    });
    const retriever = new VectorIndexRetriever({ store: stuck, timeoutMs: 1 });
    await expect(retriever.retrieve('tea')).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(given?.aborted).toBe(true);
  });

  it('throws the reason of a caller who leaves', async () => {
    const caller = new AbortController();
    const stuck = stubStore(['sparse'], async () => new Promise(() => undefined));
    const found = new VectorIndexRetriever({ store: stuck }).retrieve('tea', { signal: caller.signal });
    const reason = new Error('left');
    caller.abort(reason);
    await expect(found).rejects.toBe(reason);
  });

  it('throws what the embedder throws, and ends the search for words', async () => {
    let given: AbortSignal | undefined;
    const failing = Object.assign(embedder(), {
      embedQuery: async () => Promise.reject(new Error('no model')),
    });
    const stuck = stubStore(['sparse', 'default'], async (_, signal) => {
      given = signal;
      return new Promise(() => undefined);
    });
    const found = new VectorIndexRetriever({ store: stuck, embedder: failing }).retrieve('tea');
    await expect(found).rejects.toThrow('no model');
    expect(given?.aborted).toBe(true);
  });
});

/** A store that is only ever asked; what it answers is the test's. */
function stubStore(
  modes: readonly QueryMode[],
  query: (query: VectorStoreQuery, signal: AbortSignal | undefined) => Promise<readonly ScoredChunk[]>,
): VectorStore {
  return Object.assign(Object.create(store) as VectorStore, {
    modes,
    dimension: 128,
    query: async (asked: VectorStoreQuery, options?: { readonly signal?: AbortSignal }) =>
      query(asked, options?.signal),
  });
}
