import { describe, expect, it } from 'vitest';
import type { MakeVectorStore } from './example-documents.ts';
import { describeDocuments } from './vector-store-documents-contract.ts';
import { describeStoreFilters } from './vector-store-filters-contract.ts';
import { describeVectors, describeWords } from './vector-store-search-contract.ts';

/** The behaviour every VectorStore has; call it in a test file of the store. */
export function describeVectorStore(name: string, make: MakeVectorStore): void {
  describe(`${name} as a VectorStore`, () => {
    describe('with documents', () => {
      describeDocuments(make);
    });
    describe('searched by words', () => {
      describeWords(make);
    });
    describe('searched by vectors', () => {
      describeVectors(make);
    });
    describe('without documents', () => {
      describeEmpty(make);
    });
    describe('with filters', () => {
      describeStoreFilters(make);
    });
  });
}

function describeEmpty(make: MakeVectorStore): void {
  it('answers every question, and optimizes', async () => {
    await using store = await make({ dimension: 2 });
    expect(await store.query({ mode: 'sparse', text: 'anything', topK: 3 })).toEqual([]);
    expect(await store.query({ mode: 'default', vector: new Float32Array([1, 0]), topK: 3 })).toEqual([]);
    expect(await store.getChunk('x')).toBeUndefined();
    expect(await store.getDocument('x')).toBeUndefined();
    expect(await store.getDocumentChunks('x')).toEqual([]);
    expect(await store.listDocuments()).toEqual([]);
    expect(await store.count()).toEqual({ documents: 0, chunks: 0 });
    expect(await store.deleteDocuments(['x'])).toBe(0);
    await store.replaceDocuments([]);
    await store.optimize();
    expect(await store.count()).toEqual({ documents: 0, chunks: 0 });
  });
}
