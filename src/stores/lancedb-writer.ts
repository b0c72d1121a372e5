import { CitestreamError } from '../errors.ts';
import type { Collection } from './lancedb-collection.ts';
import { anyDocument, commitDocuments } from './lancedb-commit.ts';
import { failStore } from './lancedb-failure.ts';
import { optimizeCollection } from './lancedb-indexes.ts';
import { onConflictAgain } from './on-conflict-again.ts';
import type { DocumentChunks, StoreOptions } from './vector-store.ts';
import { withinDeadline } from './within-deadline.ts';

/**
 * Rows outside the index are searched one by one: a few thousand cost less than indexing. In a large collection it
 * is a share of what is stored, so that all the indexing of an ingest costs in proportion to it.
 */
const UNINDEXED_CHUNKS = 4000;
const UNINDEXED_SHARE = 0.25;
/** Each commit leaves a file that every search opens; joining them costs in proportion to what is stored. */
const SMALL_FILES = 50;
const SMALL_FILES_SHARE = 0.001;

/** What bounds a writer, and when it indexes vectors. */
export interface WriterLimits {
  readonly dimension: number | undefined;
  readonly readOnly: boolean;
  readonly writeTimeoutMs: number;
  readonly vectorIndexFromChunks: number;
}

/** Writes to a collection, one write after the other, and tidies it up as often as is worth its cost. */
export class LanceDBWriter {
  readonly #collection: Collection;
  readonly #limits: WriterLimits;
  /** What a write finds stored stays so until it commits. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  #unindexedChunks = 0;
  #smallFiles = 0;

  constructor(collection: Collection, limits: WriterLimits) {
    this.#collection = collection;
    this.#limits = limits;
  }

  /** Switches all of the group in one commit. */
  async replace(group: readonly DocumentChunks[], options: StoreOptions): Promise<void> {
    const chunks = group.reduce((sum, entry) => sum + entry.chunks.length, 0);
    await this.#write('Storing documents', options, async (signal) => {
      await commitDocuments(this.#collection, group, signal);
      this.#unindexedChunks += chunks;
      await this.#optimizeWhereDue(signal);
    });
  }

  /** Deletes all of these in one commit and says how many there were. */
  async delete(documentIds: readonly string[], options: StoreOptions): Promise<number> {
    const { table } = this.#collection;
    const these = anyDocument(documentIds);
    return this.#write('Deleting documents', options, async (signal) => {
      const deleted = await onConflictAgain(async () => {
        await table.checkoutLatest();
        const found = await table.countRows(`${these} AND chunk_index = 0`);
        if (found > 0) await table.delete(these);
        return found;
      }, signal);
      if (deleted > 0) await this.#optimizeWhereDue(signal);
      return deleted;
    });
  }

  async optimize(options: StoreOptions): Promise<void> {
    await this.#write('Optimizing the store', options, async (signal) => this.#optimize(signal));
  }

  /** Waits for the write under way. */
  async settle(): Promise<void> {
    await this.#lastWrite;
  }

  async #optimizeWhereDue(signal: AbortSignal): Promise<void> {
    this.#smallFiles += 1;
    if (this.#unindexedChunks < UNINDEXED_CHUNKS && this.#smallFiles < SMALL_FILES) return;
    const stored = await this.#collection.table.countRows();
    const manyUnindexed = this.#unindexedChunks >= Math.max(UNINDEXED_CHUNKS, stored * UNINDEXED_SHARE);
    const manyFiles = this.#smallFiles >= Math.max(SMALL_FILES, stored * SMALL_FILES_SHARE);
    if (manyUnindexed || manyFiles) await this.#optimize(signal);
  }

  async #optimize(signal: AbortSignal): Promise<void> {
    this.#unindexedChunks = 0;
    this.#smallFiles = 0;
    await optimizeCollection(this.#collection, { ...this.#limits, signal });
  }

  async #write<T>(
    what: string,
    options: StoreOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#limits.readOnly) {
      throw new CitestreamError('DATA_FOLDER', `${what} failed: the store was opened to be read only.`);
    }
    const deadline = { signal: options.signal, timeoutMs: this.#limits.writeTimeoutMs, what };
    return withinDeadline(deadline, async (signal) => {
      // A commit that was given up runs to its end all the same, so the next one waits for it.
      const write = this.#lastWrite.then(async () => {
        signal.throwIfAborted();
        return work(signal);
      });
      this.#lastWrite = write.catch(() => undefined);
      return write.catch((error: unknown) => failStore(what, error));
    });
  }
}
