import { availableParallelism } from 'node:os';

import { CitestreamError, InvalidInputError } from '../errors.ts';
import type { DocumentTask, DocumentTaskResult, moreChunks } from './document-worker.ts';
import { unreadable } from './parsed-text.ts';
import type { DocumentIdentity, DocumentSettings, FileReference, ReadDocument } from './read-file.ts';
import type { LineFailure } from './read-json-lines.ts';
import { WorkerLane } from './worker-lane.ts';

export type { DocumentIdentity, DocumentSettings, FileReference, ReadDocument } from './read-file.ts';

/** How many threads read, and what one file may take. */
export interface DocumentPoolOptions {
  readonly settings: DocumentSettings;
  /** @default one less than the machine has, at least 1 */
  readonly threads?: number;
  /** Milliseconds for one file, or one batch of a JSON Lines file. @default 60_000 */
  readonly fileTimeoutMs?: number;
  /** For one file: of the JavaScript heap, and as much again of buffers. @default 512 */
  readonly maxHeapMb?: number;
  /** How many calls may wait for a thread. @default 1000 */
  readonly maxQueue?: number;
}

/** Where to go on in a file, and how to stop. */
export interface InspectOptions {
  /** The `nextCursor` of the batch before: an offset in bytes. @default 0 */
  readonly cursor?: number;
  readonly signal?: AbortSignal;
}

/** As `InspectOptions`, with what is not to be parsed. */
export interface ReadOptions extends InspectOptions {
  /** Ids of documents that are known already. */
  readonly skip?: readonly string[];
}

/** Some of a file's documents; a file that is one document is one batch. */
export interface DocumentBatch<Item> {
  readonly documents: readonly Item[];
  /** Lines of a JSON Lines file that could not be read. */
  readonly failures: readonly LineFailure[];
  /** Where the next batch begins; absent at the end of the file. */
  readonly nextCursor?: number;
}

/** Line numbers are remembered for as many batches. */
const MAX_KNOWN_LINES = 1000;

/**
 * Reads files on worker threads, so that no file costs more than itself: one that is unreadable, hangs, crashes or
 * needs too much memory rejects with UNREADABLE_DOCUMENT and the reason, and the pool goes on.
 */
export class DocumentPool implements AsyncDisposable {
  readonly #settings: DocumentSettings;
  readonly #lanes: readonly WorkerLane[];
  readonly #idle: WorkerLane[];
  readonly #waiting: PromiseWithResolvers<WorkerLane>[] = [];
  readonly #maxQueue: number;
  readonly #closed = new AbortController();
  /** How many lines come before a cursor, so that a failure can name its line. */
  readonly #knownLines = new Map<string, number>();

  constructor(options: DocumentPoolOptions) {
    const {
      settings,
      threads = Math.max(1, availableParallelism() - 1),
      fileTimeoutMs = 60_000,
      maxHeapMb = 512,
      maxQueue = 1000,
    } = options;
    if (!Number.isSafeInteger(threads) || threads < 1) {
      throw new InvalidInputError(`threads is ${threads}: give a whole number, at least 1.`, {
        field: 'threads',
      });
    }
    this.#settings = settings;
    this.#maxQueue = maxQueue;
    const laneOptions = { worker: workerUrl(), timeoutMs: fileTimeoutMs, maxHeapMb };
    this.#lanes = Array.from({ length: threads }, () => new WorkerLane(laneOptions));
    this.#idle = [...this.#lanes];
  }

  /** Tells which documents a file holds and which versions they are, without parsing them. */
  async inspect(file: FileReference, options: InspectOptions = {}): Promise<DocumentBatch<DocumentIdentity>> {
    return this.#onLane(file, options, async (lane, task, signal) =>
      lane.run<DocumentTaskResult<DocumentIdentity>>('inspect', task, { signal }),
    );
  }

  /** Parses a file and splits it into chunks. */
  async read(file: FileReference, options: ReadOptions = {}): Promise<DocumentBatch<ReadDocument>> {
    return this.#onLane(file, options, readWhole);
  }

  /** Ends all threads; what is under way rejects with SHUTTING_DOWN. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new CitestreamError('SHUTTING_DOWN', 'The reading of documents is being shut down.'));
    await Promise.all(this.#lanes.map(async (lane) => lane[Symbol.asyncDispose]()));
  }

  async #onLane<Item>(
    file: FileReference,
    { cursor = 0, skip = [], signal }: ReadOptions,
    run: (lane: WorkerLane, task: DocumentTask, signal: AbortSignal) => Promise<DocumentTaskResult<Item>>,
  ): Promise<DocumentBatch<Item>> {
    const stop = AbortSignal.any([this.#closed.signal, ...(signal === undefined ? [] : [signal])]);
    const line = cursor === 0 ? 0 : this.#knownLines.get(`${cursor} ${file.path}`);
    const position = { offset: cursor, ...(line === undefined ? {} : { line }) };
    const lane = await this.#acquire(stop);
    try {
      const result = await run(lane, { file, settings: this.#settings, position, skip }, stop);
      if ('unreadable' in result) throw unreadable(result.unreadable);
      const { documents, failures, next } = result;
      if (next === undefined) return { documents, failures };
      this.#rememberLine(`${next.offset} ${file.path}`, next.line);
      return { documents, failures, nextCursor: next.offset };
    } finally {
      this.#release(lane);
    }
  }

  /** Waits for a lane in order of arrival; only then does a file's time begin. */
  async #acquire(signal: AbortSignal): Promise<WorkerLane> {
    signal.throwIfAborted();
    const lane = this.#idle.pop();
    if (lane !== undefined) return lane;
    if (this.#waiting.length >= this.#maxQueue) {
      throw new CitestreamError(
        'OVERLOADED',
        `${this.#maxQueue} files already wait to be read: try again later.`,
      );
    }
    const waiting = Promise.withResolvers<WorkerLane>();
    const giveUp = () => {
      const index = this.#waiting.indexOf(waiting);
      if (index !== -1) this.#waiting.splice(index, 1);
      waiting.reject(signal.reason);
    };
    this.#waiting.push(waiting);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await waiting.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #release(lane: WorkerLane): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(lane);
    else next.resolve(lane);
  }

  #rememberLine(key: string, line: number): void {
    this.#knownLines.set(key, line);
    const oldest = this.#knownLines.keys().next().value;
    if (this.#knownLines.size > MAX_KNOWN_LINES && oldest !== undefined) this.#knownLines.delete(oldest);
  }
}

/** Fetches the chunks of a large document message by message. */
async function readWhole(
  lane: WorkerLane,
  task: DocumentTask,
  signal: AbortSignal,
): Promise<DocumentTaskResult<ReadDocument>> {
  const result = await lane.run<DocumentTaskResult<ReadDocument>>('read', task, { signal });
  if ('unreadable' in result || result.hasMoreChunks !== true) return result;
  const chunks = result.documents.flatMap((document) => document.chunks);
  for (let hasMoreChunks = true; hasMoreChunks;) {
    const more = await lane.run<ReturnType<typeof moreChunks>>('moreChunks', task, { signal });
    // A new thread in the place of the one that has ended knows nothing of the rest.
    if (more.chunks.length === 0) throw unreadable('Reading the file ended its thread.');
    for (const chunk of more.chunks) chunks.push(chunk);
    ({ hasMoreChunks } = more);
  }
  return { ...result, documents: result.documents.map(({ document }) => ({ document, chunks })) };
}

/** The worker beside this file, whether as source or compiled. */
function workerUrl(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./document-worker.${extension}`, import.meta.url);
}
