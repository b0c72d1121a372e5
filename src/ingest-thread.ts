import { Worker } from 'node:worker_threads';

import type { Configuration } from './config/configuration.ts';
import { CitestreamError, ERROR_TABLE, type ErrorCode } from './errors.ts';
import type { IngestEvent, IngestSummary } from './ingest/ingest-event.ts';
import type { RunIngestOptions } from './run-ingest.ts';

/** What the thread is started with. */
export interface IngestThreadData {
  readonly paths: readonly string[];
  readonly configuration: Configuration;
}

/** What the thread tells. */
export type IngestThreadMessage =
  | { readonly type: 'event'; readonly event: IngestEvent }
  | { readonly type: 'summary'; readonly summary: IngestSummary }
  | { readonly type: 'failure'; readonly code: string; readonly message: string };

/** How long an aborted ingest may take to end by itself. */
const ABORT_GRACE_MS = 5_000;

/**
 * `runIngest` in a thread of its own, so that a server's event loop has nothing of it: reading and splitting run on
 * the pool's threads below it, and gathering, encoding and storing on this one.
 */
export async function runIngestInThread({
  paths,
  configuration,
  onEvent,
  signal,
}: RunIngestOptions): Promise<IngestSummary> {
  signal?.throwIfAborted();
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const workerData: IngestThreadData = { paths, configuration };
  const worker = new Worker(new URL(`ingest-worker.${extension}`, import.meta.url), {
    workerData,
    // Node 22 calls node:sqlite, which holds the folder's lock, experimental.
    execArgv: [...process.execArgv, '--disable-warning=ExperimentalWarning'],
  });
  const ended = Promise.withResolvers<IngestSummary>();
  let killing: NodeJS.Timeout | undefined;
  const abort = (): void => {
    worker.postMessage('abort');
    killing = setTimeout(() => void worker.terminate(), ABORT_GRACE_MS);
  };
  worker.on('message', (message: IngestThreadMessage) => {
    if (message.type === 'event') onEvent?.(message.event);
    else if (message.type === 'summary') ended.resolve(message.summary);
    else ended.reject(new CitestreamError(toCode(message.code), message.message));
  });
  worker.on('error', (error) => ended.reject(error));
  worker.on('exit', (code) => {
    ended.reject(
      new CitestreamError('INTERNAL', `The ingest thread ended with exit code ${code} before it was done.`),
    );
  });
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await ended.promise;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    clearTimeout(killing);
    await worker.terminate();
  }
}

function toCode(code: string): ErrorCode {
  return Object.hasOwn(ERROR_TABLE, code) ? (code as ErrorCode) : 'INTERNAL';
}
