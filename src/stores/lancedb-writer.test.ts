import { connect } from '@lancedb/lancedb';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exampleDocument } from '../testing/example-documents.ts';
import { LanceDBStore } from './lancedb-store.ts';

let root: string;
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'citestream-writer-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const newFolder = () => join(root, `store-${(made += 1)}`);

describe('LanceDBStore, written to,', () => {
  it('is made once by several that open it at the same moment', async () => {
    const folder = newFolder();
    const stores = await Promise.all(
      Array.from({ length: 4 }, async () => LanceDBStore.open(folder, { refreshMs: 0 })),
    );
    await Promise.all(
      stores.map(async (store, n) => store.replaceDocuments([exampleDocument(`doc${n}`, ['text'])])),
    );
    for (const store of stores) {
      expect(await store.count()).toEqual({ documents: 4, chunks: 4 });
      expect(await store.query({ mode: 'sparse', text: 'text', topK: 10 })).toHaveLength(4);
    }
    await Promise.all(stores.map(async (store) => store[Symbol.asyncDispose]()));
  });

  it('survives two that replace, delete and optimize the same documents', async () => {
    const folder = newFolder();
    const stores = await Promise.all([1, 2].map(async () => LanceDBStore.open(folder, { refreshMs: 0 })));
    const entries = (version: string) =>
      Array.from({ length: 5 }, (_, n) => exampleDocument(`doc${n}`, ['a', 'b', 'c'], { version }));
    await stores[0]?.replaceDocuments(entries('v0'));
    await Promise.all(
      stores.map(async (store, at) => {
        for (let round = 0; round < 4; round += 1) {
          await store.replaceDocuments(entries(`v${at}-${round}`).slice(at * 2, at * 2 + 3));
          await store.optimize();
        }
      }),
    );
    await Promise.all(stores.map(async (store, at) => store.deleteDocuments([`doc${at}`])));
    const count = await stores[0]?.count();
    expect(count).toEqual({ documents: 3, chunks: 9 });
    await Promise.all(stores.map(async (store) => store[Symbol.asyncDispose]()));
  });

  it('keeps one version of a new document that several store at the same moment', async () => {
    const folder = newFolder();
    const stores = await Promise.all([1, 2, 3].map(async () => LanceDBStore.open(folder, { refreshMs: 0 })));
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        stores.map(async (store, at) =>
          store.replaceDocuments([
            // The same chunks in one round, others from each store in the next.
            exampleDocument(`doc${round}`, ['a', 'b'], { version: `v${round % 2 === 0 ? 0 : at}` }),
          ]),
        ),
      );
    }
    expect(await stores[0]?.count()).toEqual({ documents: 5, chunks: 10 });
    for (let round = 0; round < 5; round += 1) {
      const chunks = await stores[1]?.getDocumentChunks(`doc${round}`);
      expect(chunks?.map(({ text }) => text)).toEqual(['a', 'b']);
      expect(new Set(chunks?.map(({ id }) => id.split(':')[1])).size).toBe(1);
    }
    await Promise.all(stores.map(async (store) => store[Symbol.asyncDispose]()));
  });

  it('replaces and deletes what another stored a moment ago, however seldom it looks for that', async () => {
    const folder = newFolder();
    await using other = await LanceDBStore.open(folder);
    await using store = await LanceDBStore.open(folder, { refreshMs: 3_600_000 });
    expect(await store.count()).toEqual({ documents: 0, chunks: 0 });
    await other.replaceDocuments([exampleDocument('a', ['old one', 'old two']), exampleDocument('b', ['b'])]);
    await store.replaceDocuments([exampleDocument('a', ['new'], { version: 'v2' })]);
    expect((await store.getDocumentChunks('a')).map(({ text }) => text)).toEqual(['new']);
    await other.replaceDocuments([exampleDocument('c', ['c'])]);
    expect(await store.deleteDocuments(['b', 'c'])).toBe(2);
    expect(await store.count()).toEqual({ documents: 1, chunks: 1 });
  });

  it('indexes by itself while many documents are stored', async () => {
    const folder = newFolder();
    await using store = await LanceDBStore.open(folder);
    for (let n = 0; n < 5; n += 1) {
      await store.replaceDocuments([
        exampleDocument(
          `doc${n}`,
          Array.from({ length: 900 }, () => 'word'),
        ),
      ]);
    }
    const table = await (await connect(folder)).openTable('documents');
    expect(await table.indexStats('searched_text_idx')).toMatchObject({
      numIndexedRows: 4500,
      numUnindexedRows: 0,
    });
  });

  it('indexes what a killed process left unindexed, and does nothing where nothing is to be done', async () => {
    const folder = newFolder();
    await storeAndBeKilled(folder, 'left');
    await using store = await LanceDBStore.open(folder, { refreshMs: 0 });
    expect(await store.query({ mode: 'sparse', text: 'granite', topK: 1 })).toHaveLength(1);
    const table = await (await connect(folder, { readConsistencyInterval: 0 })).openTable('documents');
    expect(await table.indexStats('searched_text_idx')).toMatchObject({ numUnindexedRows: 1 });
    await store.optimize();
    expect(await table.indexStats('searched_text_idx')).toMatchObject({
      numIndexedRows: 1,
      numUnindexedRows: 0,
    });
    const version = await table.version();
    await store.optimize();
    expect(await table.version()).toBe(version);
  });

  it('joins the small files that many small commits leave, by itself', async () => {
    const folder = newFolder();
    await using store = await LanceDBStore.open(folder);
    for (let n = 0; n < 60; n += 1) await store.replaceDocuments([exampleDocument(`doc${n}`, ['word'])]);
    const table = await (await connect(folder)).openTable('documents');
    const { fragmentStats } = await table.stats();
    expect(fragmentStats.numFragments).toBeLessThan(60);
    expect(await store.count()).toEqual({ documents: 60, chunks: 60 });
  });

  it('ends a write that waits for another when its caller leaves, and does the next', async () => {
    await using store = await LanceDBStore.open(newFolder());
    const caller = new AbortController();
    const first = store.replaceDocuments([exampleDocument('first', ['text'])]);
    const waiting = store.replaceDocuments([exampleDocument('left', ['text'])], { signal: caller.signal });
    const next = store.replaceDocuments([exampleDocument('next', ['text'])]);
    const reason = new Error('left');
    caller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await Promise.all([first, next]);
    expect((await store.listDocuments()).map(({ id }) => id)).toEqual(['first', 'next']);
  });

  it('closes after the reads that their callers have left', async () => {
    const store = await LanceDBStore.open(newFolder());
    await store.replaceDocuments([exampleDocument('a', ['text'])]);
    const controller = new AbortController();
    const { signal } = controller;
    const reads = Array.from({ length: 50 }, async () => [
      store.query({ mode: 'sparse', text: 'text', topK: 1 }, { signal }),
      store.count({ signal }),
      store.listDocuments({ signal }),
    ]);
    const left = Promise.allSettled((await Promise.all(reads)).flat());
    controller.abort(new Error('The reader left.'));
    await left;
    await expect(store[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  it('gives up reads and writes after their time, and says so', async () => {
    await using store = await LanceDBStore.open(newFolder(), { queryTimeoutMs: 1000, writeTimeoutMs: 1000 });
    const calls = [
      async () => store.query({ mode: 'sparse', text: 'text', topK: 1 }),
      async () => store.count(),
      async () => store.listDocuments(),
      async () => store.replaceDocuments([exampleDocument('late', ['text'])]),
      async () => store.deleteDocuments(['late']),
      async () => store.optimize(),
    ];
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const ended = Promise.allSettled(calls.map(async (call) => call()));
    vi.advanceTimersByTime(1001);
    vi.useRealTimers();
    for (const { reason } of (await ended) as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({
        code: 'TIMEOUT',
        message: expect.stringContaining('1000 ms') as string,
      });
    }
    // No write that had not begun is done later.
    expect(await store.count()).toEqual({ documents: 0, chunks: 0 });
  });
});

async function storeAndBeKilled(folder: string, id: string): Promise<void> {
  const script = `
    const { LanceDBStore } = await import(${JSON.stringify(new URL('./lancedb-store.ts', import.meta.url).href)});
    const store = await LanceDBStore.open(${JSON.stringify(folder)});
    await store.replaceDocuments([${JSON.stringify(exampleDocument(id, ['granite']))}]);
    process.kill(process.pid, 'SIGKILL');`;
  const ended = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  await expect(ended).rejects.toMatchObject({ signal: 'SIGKILL' });
}
