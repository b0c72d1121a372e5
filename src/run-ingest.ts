import { DocumentPool } from './documents/document-pool.ts';
import { READABLE_EXTENSIONS } from './documents/readers.ts';
import type { Configuration } from './config/configuration.ts';
import { findFiles } from './ingest/find-files.ts';
import { acquireFolderLock } from './ingest/folder-lock.ts';
import { ingest } from './ingest/ingest.ts';
import type { IngestEvent, IngestSummary } from './ingest/ingest-event.ts';
import { createEmbedder } from './create-embedder.ts';
import { openStore } from './open-store.ts';

/** One ingest: what, into which configuration, and who hears of it. */
export interface RunIngestOptions {
  /** Files, folders and globs; relative ones start from the working directory. */
  readonly paths: readonly string[];
  readonly configuration: Configuration;
  readonly onEvent?: (event: IngestEvent) => void;
  /** Aborting it ends the ingest at the next document; what is stored stays, and the next run finishes the job. */
  readonly signal?: AbortSignal;
}

/**
 * Ingests files into the configured store, as `citestream ingest` does: one writer at a time on a data folder (the
 * second one waits, and is told for whom), unchanged files skipped, every document switched at once.
 * Throws INVALID_INPUT for a path that leads nowhere, DATA_FOLDER_BUSY when the wait is over, STORE_MISMATCH where the
 * store was made with another embedder, and what the embedder throws.
 */
export async function runIngest(options: RunIngestOptions): Promise<IngestSummary> {
  const { paths, configuration, onEvent = () => {}, signal } = options;
  const { dataDir, chunk } = configuration;
  const waits = signal === undefined ? {} : { signal };
  const found = await findFiles(paths, {
    extensions: READABLE_EXTENSIONS,
    exclude: configuration.ingest.exclude,
    never: dataDir,
    ...waits,
  });
  await using embedder = await createEmbedder(configuration, {
    ...waits,
    onProgress: ({ file, loadedBytes, totalBytes }) =>
      onEvent({ type: 'loading', file, bytes: loadedBytes, bytesTotal: totalBytes }),
  });
  using _lock = await acquireFolderLock(dataDir, {
    holder: `an ingest of process ${process.pid}`,
    onWait: (holder) => onEvent({ type: 'waiting', holder }),
    ...waits,
  });
  await using store = await openStore(configuration, embedder);
  await using pool = new DocumentPool({
    settings: {
      chunkSize: chunk.size,
      chunkOverlap: chunk.overlap,
      maxFileBytes: configuration.ingest.maxFileBytes,
    },
    threads: configuration.ingest.threads,
    fileTimeoutMs: configuration.ingest.fileTimeoutMs,
    maxHeapMb: configuration.ingest.maxHeapMb,
  });
  const concurrency = configuration.ingest.threads + 1;
  const embeds = embedder === undefined ? {} : { embedder };
  const summary = await ingest({ found, store, pool, concurrency, onEvent, ...embeds, ...waits });
  onEvent({ type: 'done', summary });
  return summary;
}
