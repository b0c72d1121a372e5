import { describe, expect, it } from 'vitest';
import type { DocumentRecord, StoredChunk } from '../documents/document.ts';
import { suggestQuestion } from './suggest-question.ts';

const document = (id: string, title: string, chunks: number): DocumentRecord => ({
  id,
  source: `/${id}`,
  uri: id,
  title,
  mediaType: 'text/markdown',
  bytes: 1,
  contentHash: id,
  metadata: {},
  chunks,
  ingestedAt: '2026-01-01T00:00:00.000Z',
});

const storeOf = (documents: readonly DocumentRecord[], headings: readonly string[] = []) => ({
  listDocuments: async () => documents,
  getDocumentChunks: async () => headings.map((heading) => ({ heading, text: 'Text.' }) as StoredChunk),
});
const { signal } = new AbortController();

describe('suggestQuestion', () => {
  it('takes a heading that asks something', async () => {
    const store = storeOf(
      [document('a', 'Guide', 1)],
      ['Guide', 'Guide › Why?', 'Guide › 2. How is a turn stopped?'],
    );
    expect(await suggestQuestion(store, signal)).toBe('How is a turn stopped?');
  });

  it('takes one that stands within a passage', async () => {
    const chunk = { heading: 'Guide', text: 'Text.\n\n### How is a turn stopped? ###\n\nSo.' } as StoredChunk;
    const store = { ...storeOf([document('a', 'Guide', 1)]), getDocumentChunks: async () => [chunk] };
    expect(await suggestQuestion(store, signal)).toBe('How is a turn stopped?');
  });

  it('asks about the longest document otherwise', async () => {
    const store = storeOf([document('a', 'Short', 1), document('b', 'The\nGuide', 9)], ['Setup']);
    expect(await suggestQuestion(store, signal)).toBe('What is said about The Guide?');
    const long = await suggestQuestion(storeOf([document('a', 'word '.repeat(100), 1)]), signal);
    expect(long?.length).toBeLessThan(130);
  });

  it('has none where there is no document', async () => {
    expect(await suggestQuestion(storeOf([]), signal)).toBeUndefined();
  });
});
