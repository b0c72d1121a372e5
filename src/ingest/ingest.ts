import { sep } from 'node:path';

import type { DocumentBatch, DocumentPool, ReadDocument } from '../documents/document-pool.ts';
import type { BatchedEmbedder } from '../embeddings/batched-embedder.ts';
import { CitestreamError } from '../errors.ts';
import type { VectorStore } from '../stores/vector-store.ts';
import { DocumentWriter } from './document-writer.ts';
import type { FoundFile, FoundFiles } from './find-files.ts';
import type { IngestEvent, IngestSummary } from './ingest-event.ts';
import { IngestTally } from './ingest-tally.ts';
import { KnownDocuments } from './known-documents.ts';

/** What an ingest works with; the caller holds the data folder's lock. */
export interface IngestOptions {
  readonly found: FoundFiles;
  readonly store: VectorStore;
  readonly pool: Pick<DocumentPool, 'inspect' | 'read'>;
  /** Without, the words alone are stored. */
  readonly embedder?: BatchedEmbedder;
  /** How many files are under way at once. @default 3 */
  readonly concurrency?: number;
  readonly onEvent?: (event: IngestEvent) => void;
  /** Aborting it ends the ingest at the next document: what is stored stays, the rest is for the next run. */
  readonly signal?: AbortSignal;
}

/**
 * Brings the store up to date with files: new documents are added, changed ones replaced, unchanged ones skipped by
 * their content hash, and those that are gone from an ingested folder removed. Each document is switched at once, so
 * that an end at any moment leaves its old or its new version, and running again finishes the job.
 */
export async function ingest(options: IngestOptions): Promise<IngestSummary> {
  const { found, store, pool, signal, onEvent = () => {}, concurrency = 3 } = options;
  const wait = signal === undefined ? {} : { signal };
  const bytes = found.files.reduce((sum, file) => sum + file.bytes, 0);
  const tally = new IngestTally({ files: found.files.length, bytes, onEvent });
  const known = await KnownDocuments.of(store, signal);
  const writer = new DocumentWriter({
    store,
    onStored: (documents) => {
      for (const { document, chunks } of documents)
        tally.stored(document.uri, known.has(document.id) ? 'updated' : 'added', chunks.length);
    },
    ...(options.embedder === undefined ? {} : { embedder: options.embedder }),
    ...wait,
  });
  for (const { uri, reason } of found.unreadable) tally.failed(uri, reason);
  const gone = new Set<string>();
  try {
    await forEach(found.files, { concurrency, ...wait }, async (file, stop) => {
      const present = await ingestFile(file, { pool, known, writer, tally, signal: stop });
      if (present !== 'incomplete')
        for (const id of known.idsOfFile(file.path)) if (!present.has(id)) gone.add(id);
      tally.tookFile();
    });
    await writer.flush();
    for (const id of idsOfGoneFiles(found, known)) gone.add(id);
    if (gone.size > 0) tally.removed(await store.deleteDocuments([...gone], wait));
  } finally {
    await writer.settle();
  }
  tally.progress();
  // Also where nothing changed: a run that was killed may have left its documents unindexed.
  await store.optimize(wait);
  return tally.summary({ skipped: found.skipped, stages: writer.stages });
}

/** Runs `take` on each file, `concurrency` at a time; the first failure (of the store, say) stops the others. */
async function forEach(
  files: readonly FoundFile[],
  { concurrency, signal }: { readonly concurrency: number; readonly signal?: AbortSignal },
  take: (file: FoundFile, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const stop = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const queue = files.values();
  const takeAll = async (): Promise<void> => {
    try {
      for (const file of queue) {
        stop.throwIfAborted();
        await take(file, stop);
      }
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  };
  await Promise.allSettled(Array.from({ length: concurrency }, takeAll));
  stop.throwIfAborted();
}

interface FileTask {
  readonly pool: Pick<DocumentPool, 'inspect' | 'read'>;
  readonly known: KnownDocuments;
  readonly writer: DocumentWriter;
  readonly tally: IngestTally;
  readonly signal: AbortSignal;
}

/**
 * Reads a file batch by batch and hands what changed to the writer. Gives the ids of the documents in it, or
 * `incomplete` where a part could not be read: then what is stored of the file is kept.
 */
async function ingestFile(
  file: FoundFile,
  { pool, known, writer, tally, signal }: FileTask,
): Promise<ReadonlySet<string> | 'incomplete'> {
  const present = new Set<string>();
  let isComplete = true;
  let position = 0;
  const advance = (to: number): void => {
    tally.tookBytes(to - position);
    position = to;
  };
  try {
    for (let cursor: number | undefined = 0; cursor !== undefined;) {
      const at: BatchPlace = { cursor, signal };
      const batch: ChangedBatch = await tally.timeReading(async () => readChanged(file, at, { pool, known }));
      tally.unchanged(batch.unchanged);
      for (const document of batch.documents) await writer.add(document);
      for (const id of batch.ids) present.add(id);
      for (const { uri, reason } of batch.failures) tally.failed(uri, reason);
      if (batch.failures.length > 0) isComplete = false;
      cursor = batch.nextCursor;
      advance(cursor ?? file.bytes);
    }
  } catch (error) {
    if (!(error instanceof CitestreamError) || error.code !== 'UNREADABLE_DOCUMENT') throw error;
    tally.failed(file.uri, error.message);
    advance(file.bytes);
    isComplete = false;
  }
  return isComplete ? present : 'incomplete';
}

interface BatchPlace {
  readonly cursor: number;
  readonly signal: AbortSignal;
}

/** One batch of a file: the documents that changed, read whole, and the ids of all. */
interface ChangedBatch extends DocumentBatch<ReadDocument> {
  readonly ids: readonly string[];
  readonly unchanged: number;
}

async function readChanged(
  file: FoundFile,
  at: BatchPlace,
  { pool, known }: Pick<FileTask, 'pool' | 'known'>,
): Promise<ChangedBatch> {
  // Nothing is known of a new file, so it is read at once; else only what changed is parsed.
  if (!known.hasFile(file.path)) {
    const batch = await pool.read(file, at);
    return { ...batch, ids: batch.documents.map(({ document }) => document.id), unchanged: 0 };
  }
  const inspected = await pool.inspect(file, at);
  const ids = inspected.documents.map(({ id }) => id);
  const skip = inspected.documents.filter((document) => known.isUnchanged(document)).map(({ id }) => id);
  if (skip.length === ids.length) return { ...inspected, documents: [], ids, unchanged: skip.length };
  return { ...(await pool.read(file, { ...at, skip })), ids, unchanged: skip.length };
}

/** What came from files that are no longer in the folders that were ingested; what could not be looked into may be there. */
function* idsOfGoneFiles(found: FoundFiles, known: KnownDocuments): Generator<string> {
  const present = new Set(found.files.map(({ path }) => path));
  for (const { path } of found.unreadable) {
    present.add(path);
    for (const file of known.filesBelow(path, sep)) present.add(file);
  }
  for (const folder of found.folders)
    for (const file of known.filesBelow(folder, sep)) if (!present.has(file)) yield* known.idsOfFile(file);
}
