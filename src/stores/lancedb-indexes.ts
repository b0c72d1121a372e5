import type { Table } from '@lancedb/lancedb';
import { functionWordsOf } from '../llms/languages.ts';
import type { Collection, LanceDB } from './lancedb-collection.ts';
import { onConflictAgain } from './on-conflict-again.ts';

/** A process that reads an older version, or a commit under way from one, still needs its files. */
const KEEP_VERSIONS_MS = 15 * 60_000;

/**
 * English, as the stems are. The list that comes with the tokenizer is of many languages, and takes every digit and
 * most letters with it.
 */
const STOP_WORDS = [...functionWordsOf('en')];

/** Makes the indexes a collection lacks, also where its maker was killed before it had them. */
export async function makeMissingIndexes({ Index }: LanceDB, table: Table): Promise<void> {
  const indexes = {
    // English stems; words of scripts without spaces are found by dictionary.
    searched_text: () =>
      Index.fts({ baseTokenizer: 'icu/split', withPosition: false, customStopWords: STOP_WORDS }),
    id: () => Index.btree(),
    document_id: () => Index.btree(),
  };
  for (const [column, config] of Object.entries(indexes)) {
    await onConflictAgain(async () => {
      if (await isIndexed(table, column)) return;
      await table.createIndex(column, { config: config() });
    });
  }
}

/**
 * Joins small files, indexes what is not indexed and removes old versions; does next to nothing where nothing
 * is to be done. From `vectorIndexFromChunks` chunks on it also makes an index of the vectors.
 */
export async function optimizeCollection(
  { lancedb, table }: Collection,
  options: {
    readonly dimension: number | undefined;
    readonly vectorIndexFromChunks: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { dimension, vectorIndexFromChunks, signal } = options;
  await onConflictAgain(
    async () => table.optimize({ cleanupOlderThan: new Date(Date.now() - KEEP_VERSIONS_MS) }),
    signal,
  );
  if (dimension === undefined || (await table.countRows()) < vectorIndexFromChunks) return;
  await onConflictAgain(async () => {
    if (await isIndexed(table, 'vector')) return;
    await table.createIndex('vector', { config: lancedb.Index.ivfFlat({ distanceType: 'cosine' }) });
  }, signal);
}

async function isIndexed(table: Table, column: string): Promise<boolean> {
  return (await table.listIndices()).some(({ columns }) => columns.includes(column));
}
