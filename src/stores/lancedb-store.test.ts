import { connect } from '@lancedb/lancedb';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleDocument } from '../testing/example-documents.ts';
import { describeVectorStore } from '../testing/vector-store-contract.ts';
import { LanceDBStore, type LanceDBStoreOptions } from './lancedb-store.ts';

let root: string;
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'citestream-lancedb-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const newFolder = () => join(root, `store-${(made += 1)}`);

describeVectorStore('LanceDBStore', async (options) => LanceDBStore.open(newFolder(), options));

describe('LanceDBStore', () => {
  it('keeps what was stored when it is opened again', async () => {
    const folder = join(newFolder(), "a folder's name, 100% #1 ü");
    await using first = await LanceDBStore.open(folder, { dimension: 2, embedderName: 'hashing:2' });
    const vectors = [Float32Array.of(1, 0)];
    await first.replaceDocuments([exampleDocument('kept', ['some text'], { vectors })]);
    await using again = await LanceDBStore.open(folder, { dimension: 2, embedderName: 'hashing:2' });
    expect(await again.getDocument('kept')).toMatchObject({ id: 'kept', chunks: 1 });
    expect(await again.query({ mode: 'sparse', text: 'text', topK: 1 })).toHaveLength(1);
  });

  it('shows what another process stored, without being opened again', async () => {
    const folder = newFolder();
    await using store = await LanceDBStore.open(folder, { refreshMs: 0 });
    await store.replaceDocuments([exampleDocument('mine', ['mine'])]);
    await storeInAnotherProcess(folder, 'yours');
    expect((await store.listDocuments()).map(({ id }) => id)).toEqual(['mine', 'yours']);
    expect(await store.query({ mode: 'sparse', text: 'granite', topK: 1 })).toHaveLength(1);
  });

  it('finds digits and single letters, and no words that say little', async () => {
    await using store = await LanceDBStore.open(newFolder());
    await store.replaceDocuments([
      exampleDocument('rule7', ['Rule 7 is about vitamin C, and about what a man may do.']),
      exampleDocument('rule8', ['Rule 8 is about vitamin D, and about what a man may do.']),
    ]);
    const found = async (text: string) =>
      (await store.query({ mode: 'sparse', text, topK: 9 })).map(({ chunk }) => chunk.documentId);
    expect(await found('7')).toEqual(['rule7']);
    expect(await found('d')).toEqual(['rule8']);
    expect(await found('what may a')).toEqual([]);
  });

  it('keeps collections of one folder apart', async () => {
    const folder = newFolder();
    await using one = await LanceDBStore.open(folder, { collection: 'one' });
    await using two = await LanceDBStore.open(folder, { collection: 'two', dimension: 2 });
    await one.replaceDocuments([exampleDocument('a', ['text'])]);
    expect(await two.count()).toEqual({ documents: 0, chunks: 0 });
  });

  it('finds the same by an index of vectors as by comparing all', async () => {
    const documents = Array.from({ length: 10 }, (_, n) => {
      const vectors = Array.from({ length: 30 }, (__, m) =>
        Float32Array.of(Math.cos(n * 30 + m), Math.sin(n * 30 + m)),
      );
      return exampleDocument(
        `doc${n}`,
        vectors.map((_v, m) => `point ${m}`),
        { vectors },
      );
    });
    const query = { mode: 'default', vector: Float32Array.of(0.6, 0.8), topK: 5 } as const;
    await using store = await LanceDBStore.open(newFolder(), { dimension: 2, vectorIndexFromChunks: 300 });
    await store.replaceDocuments(documents);
    const compared = await store.query(query);
    await store.optimize();
    const indexed = await store.query(query);
    expect(indexed.map(({ chunk }) => chunk.id)).toEqual(compared.map(({ chunk }) => chunk.id));
  });

  describe('refuses', () => {
    it.each<[string, LanceDBStoreOptions, LanceDBStoreOptions, RegExp]>([
      [
        'another embedder',
        { dimension: 2, embedderName: 'local:a' },
        { dimension: 2, embedderName: 'local:b' },
        /local:a \(2 dimensions\).*local:b \(2 dimensions\)/,
      ],
      [
        'another dimension',
        { dimension: 2, embedderName: 'x' },
        { dimension: 3, embedderName: 'x' },
        /2 dimensions.*3 dimensions/,
      ],
      [
        'no embedder where it had one',
        { dimension: 2, embedderName: 'x' },
        {},
        /the embedder x .*no embedder/,
      ],
      [
        'an embedder where it had none',
        {},
        { dimension: 2, embedderName: 'x' },
        /no embedder.*the embedder x/,
      ],
    ])('a folder made with %s', async (_, before, after, message) => {
      const folder = newFolder();
      await (await LanceDBStore.open(folder, before))[Symbol.asyncDispose]();
      await expect(LanceDBStore.open(folder, after)).rejects.toMatchObject({
        code: 'STORE_MISMATCH',
        message: expect.stringMatching(message) as string,
      });
    });

    it('a folder of another schema version, and a table it did not make', async () => {
      const folder = newFolder();
      const database = await connect(folder);
      const { Schema, Field, Utf8 } = await import('apache-arrow');
      const fields = [new Field('id', new Utf8())];
      const manifest = JSON.stringify({ schemaVersion: 99, embedder: null, dimension: null });
      await database.createEmptyTable('newer', new Schema(fields, new Map([['citestream', manifest]])));
      await database.createEmptyTable('foreign', new Schema(fields));
      await expect(LanceDBStore.open(folder, { collection: 'newer' })).rejects.toMatchObject({
        code: 'STORE_MISMATCH',
        message: expect.stringMatching(/version 99.*version 2/) as string,
      });
      await expect(LanceDBStore.open(folder, { collection: 'foreign' })).rejects.toMatchObject({
        code: 'STORE_MISMATCH',
      });
    });

    it('a folder that is a file, and one below a file', async () => {
      const file = newFolder();
      await writeFile(file, '');
      for (const folder of [file, join(file, 'below')]) {
        await expect(LanceDBStore.open(folder)).rejects.toMatchObject({
          code: 'DATA_FOLDER',
          message: expect.stringContaining('a file is in its way') as string,
        });
      }
    });

    it('a collection that is no name', async () => {
      for (const collection of ['', '../up', 'a b', '.hidden']) {
        await expect(LanceDBStore.open(newFolder(), { collection })).rejects.toMatchObject({
          code: 'INVALID_INPUT',
        });
      }
    });

    it('to write, and to make anything, when opened to read', async () => {
      const folder = newFolder();
      await expect(LanceDBStore.open(folder, { readOnly: true })).rejects.toMatchObject({
        code: 'DATA_FOLDER',
      });
      await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
      await (await LanceDBStore.open(folder))[Symbol.asyncDispose]();
      await using store = await LanceDBStore.open(folder, { readOnly: true });
      expect(await store.count()).toEqual({ documents: 0, chunks: 0 });
      await expect(store.replaceDocuments([exampleDocument('a', ['b'])])).rejects.toMatchObject({
        code: 'DATA_FOLDER',
      });
    });
  });
});

async function storeInAnotherProcess(folder: string, id: string): Promise<void> {
  const script = `
    const { LanceDBStore } = await import(${JSON.stringify(new URL('./lancedb-store.ts', import.meta.url).href)});
    await using store = await LanceDBStore.open(${JSON.stringify(folder)});
    await store.replaceDocuments([${JSON.stringify(exampleDocument(id, ['granite']))}]);`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
}
