import { afterAll, beforeAll, expect, it } from 'vitest';
import { InvalidInputError } from '../errors.ts';
import type { DocumentChunks, VectorStore } from '../stores/vector-store.ts';
import { exampleDocument, type MakeVectorStore } from './example-documents.ts';

/** The part of the contract about storing, replacing, reading and deleting; `describeVectorStore` includes it. */
export function describeDocuments(make: MakeVectorStore): void {
  let store: VectorStore;
  beforeAll(async () => {
    store = await make({});
  });
  afterAll(async () => store[Symbol.asyncDispose]());

  it('gives back a document and its chunks as they were stored', async () => {
    const entry = exampleDocument('whole', ['Ünïcödé 東京 👩‍🚀', 'and\r\n\ttabs'], {
      title: 'A "title"',
      metadata: { year: 1950, open: true, author: "O'Brien", tags: ['a', 'b'], sizes: [1, 2.5] },
      headings: ['Guide › Setup', 'Guide › Use'],
      pages: [1, 2],
    });
    await store.replaceDocuments([entry]);
    const { document, chunks } = entry;
    const { id: documentId, title, uri, metadata } = document;
    const stored = chunks.map((chunk) => Object.assign({ documentId, title, uri, metadata }, chunk));
    expect(await store.getDocumentChunks('whole')).toEqual(stored);
    expect(await store.getChunk('whole:v1:1')).toEqual(stored[1]);
    const record = await store.getDocument('whole');
    expect(record).toEqual({ ...document, chunks: 2, ingestedAt: record?.ingestedAt });
    expect(new Date(record?.ingestedAt ?? '').toISOString()).toBe(record?.ingestedAt);
  });

  it('leaves heading and page away where a chunk has none', async () => {
    await store.replaceDocuments([exampleDocument('plain', ['text'])]);
    const chunk = await store.getChunk('plain:v1:0');
    expect(chunk).not.toHaveProperty('heading');
    expect(chunk).not.toHaveProperty('page');
  });

  it('replaces a document whole: what the new version lacks is gone, and others stay', async () => {
    await store.replaceDocuments([
      exampleDocument('changing', ['quartz one', 'quartz two', 'quartz three'], { metadata: { n: 1 } }),
      exampleDocument('staying', ['granite']),
    ]);
    await store.replaceDocuments([
      exampleDocument('changing', ['basalt one'], { version: 'v2', metadata: { n: 2 } }),
      exampleDocument('arriving', ['basalt two']),
    ]);
    const chunks = await store.getDocumentChunks('changing');
    expect(chunks.map(({ text }) => text)).toEqual(['basalt one']);
    expect(await store.getChunk('changing:v1:0')).toBeUndefined();
    expect(await store.getDocument('changing')).toMatchObject({ chunks: 1, metadata: { n: 2 } });
    expect(await store.getDocument('staying')).toBeDefined();
    expect(await store.query({ mode: 'sparse', text: 'quartz', topK: 10 })).toEqual([]);
    const found = await store.query({ mode: 'sparse', text: 'basalt', topK: 10 });
    expect(found.map(({ chunk }) => chunk.documentId).toSorted()).toEqual(['arriving', 'changing']);
  });

  it('stores the same version again without doubling it', async () => {
    const entry = exampleDocument('again', ['one', 'two']);
    await store.replaceDocuments([entry]);
    await store.replaceDocuments([entry]);
    expect(await store.getDocumentChunks('again')).toHaveLength(2);
  });

  it('shows readers the old version or the new one, never none or parts of both', async () => {
    const version = (n: number) =>
      exampleDocument(
        'switching',
        Array.from({ length: (n % 3) + 1 }, () => `version ${n}`),
        {
          version: `v${n}`,
        },
      );
    await store.replaceDocuments([version(0)]);
    const writer = { done: false };
    const writing = (async () => {
      for (let n = 1; n <= 10; n += 1) await store.replaceDocuments([version(n)]);
    })().finally(() => {
      writer.done = true;
    });
    const seen: (readonly string[])[] = [];
    while (!writer.done) {
      seen.push((await store.getDocumentChunks('switching')).map(({ text }) => text));
    }
    await writing;
    expect(seen.length).toBeGreaterThan(0);
    for (const texts of seen) {
      const [first] = texts;
      const n = Number(first?.split(' ')[1]);
      expect(texts).toEqual(Array.from({ length: (n % 3) + 1 }, () => first));
    }
  });

  it('keeps two writes at once apart', async () => {
    await Promise.all(
      Array.from({ length: 5 }, async (_, n) =>
        store.replaceDocuments([exampleDocument('contended', ['a', 'b'], { version: `v${n}` })]),
      ),
    );
    expect(await store.getDocumentChunks('contended')).toHaveLength(2);
  });

  it('stores a document of thousands of chunks in order', async () => {
    const texts = Array.from({ length: 2500 }, (_, n) => `part ${n}`);
    await store.replaceDocuments([exampleDocument('long', texts)]);
    expect((await store.getDocumentChunks('long')).map(({ text }) => text)).toEqual(texts);
    expect(await store.getDocument('long')).toMatchObject({ chunks: 2500 });
    expect(await store.deleteDocuments(['long'])).toBe(1);
  });

  it('deletes documents and says how many there were', async () => {
    await store.replaceDocuments([exampleDocument("del'1", ['x', 'y']), exampleDocument('del2', ['z'])]);
    const before = await store.count();
    expect(await store.deleteDocuments(["del'1", 'del2', 'del2', 'nobody'])).toBe(2);
    expect(await store.count()).toEqual({ documents: before.documents - 2, chunks: before.chunks - 3 });
    expect(await store.getDocument("del'1")).toBeUndefined();
    expect(await store.deleteDocuments(["del'1"])).toBe(0);
  });

  it('refuses to delete nothing', async () => {
    await expect(store.deleteDocuments([])).rejects.toThrow(InvalidInputError);
  });

  it('refuses documents it cannot keep, and stores nothing of the call', async () => {
    const good = exampleDocument('good', ['text']);
    const [chunk] = good.chunks;
    const bad: readonly DocumentChunks[] = [
      exampleDocument('none', []),
      exampleDocument('', ['text']),
      exampleDocument('good', ['the same id']),
      exampleDocument('infinite', ['text'], { metadata: { n: Number.POSITIVE_INFINITY } }),
      { ...good, document: { ...good.document, id: 'stolen' }, chunks: chunk === undefined ? [] : [chunk] },
    ];
    for (const entry of bad) {
      await expect(store.replaceDocuments([good, entry])).rejects.toThrow(InvalidInputError);
    }
    expect(await store.getDocument('good')).toBeUndefined();
  });

  it('lists documents by id, page after page', async () => {
    const listing = await make({});
    const ids = Array.from({ length: 25 }, (_, n) => `doc-${String(n).padStart(2, '0')}`);
    await listing.replaceDocuments(ids.toReversed().map((id) => exampleDocument(id, ['one', 'two'])));
    const listed: string[] = [];
    for (let after: string | undefined; ; after = listed.at(-1)) {
      const page = await listing.listDocuments({ limit: 10, ...(after !== undefined && { after }) });
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(10);
      listed.push(...page.map(({ id }) => id));
    }
    expect(listed).toEqual(ids);
    expect(await listing.count()).toEqual({ documents: 25, chunks: 50 });
    await listing.optimize();
    expect(await listing.count()).toEqual({ documents: 25, chunks: 50 });
    await expect(listing.listDocuments({ limit: 0 })).rejects.toThrow(InvalidInputError);
    await listing[Symbol.asyncDispose]();
  });

  it('treats quotes and SQL in ids as text', async () => {
    const hostile = ["'; drop table documents; --", "' OR '1'='1", '\\', '"', '%', '日本\n'];
    await store.replaceDocuments(hostile.map((id) => exampleDocument(id, [`text of ${id}`])));
    for (const id of hostile) {
      expect((await store.getDocument(id))?.id).toBe(id);
      expect((await store.getDocumentChunks(id)).map(({ documentId }) => documentId)).toEqual([id]);
      expect((await store.getChunk(`${id}:v1:0`))?.documentId).toBe(id);
    }
    expect(await store.deleteDocuments(hostile)).toBe(hostile.length);
  });

  it('ends every call whose signal is aborted, with the reason', async () => {
    const reason = new Error('the reader left');
    const signal = AbortSignal.abort(reason);
    const calls = [
      async () => store.replaceDocuments([exampleDocument('never', ['text'])], { signal }),
      async () => store.deleteDocuments(['staying'], { signal }),
      async () => store.query({ mode: 'sparse', text: 'text', topK: 1 }, { signal }),
      async () => store.getChunk('x', { signal }),
      async () => store.getDocument('x', { signal }),
      async () => store.getDocumentChunks('x', { signal }),
      async () => store.listDocuments({ signal }),
      async () => store.count({ signal }),
      async () => store.optimize({ signal }),
    ];
    for (const call of calls) await expect(call()).rejects.toBe(reason);
    expect(await store.getDocument('never')).toBeUndefined();
  });
}
