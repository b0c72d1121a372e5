import type { DocumentRecord, ScoredChunk, StoredChunk } from '../documents/document.ts';
import { InvalidInputError } from '../errors.ts';
import { checkDocuments, isId } from './check-documents.ts';
import { groupByCommit } from './group-by-commit.ts';
import { type Collection, openCollection } from './lancedb-collection.ts';
import { anyDocument } from './lancedb-commit.ts';
import { failStore } from './lancedb-failure.ts';
import { literal } from './lancedb-filter-subject.ts';
import {
  CHUNK_COLUMNS,
  decodeChunk,
  decodeDocument,
  decodeRows,
  DOCUMENT_COLUMNS,
  type ReadValue,
} from './lancedb-rows.ts';
import { buildSearch } from './lancedb-search.ts';
import { LanceDBWriter } from './lancedb-writer.ts';
import type {
  DocumentChunks,
  ListDocumentsOptions,
  QueryMode,
  StoreOptions,
  VectorStore,
  VectorStoreQuery,
} from './vector-store.ts';
import { withinDeadline } from './within-deadline.ts';

/** How a LanceDBStore is opened. */
export interface LanceDBStoreOptions {
  /** The length of the vectors; without it the store keeps words alone. */
  readonly dimension?: number | undefined;
  /** The embedder's name, so that a folder made by another one is refused. */
  readonly embedderName?: string | undefined;
  /** @default 'documents' */
  readonly collection?: string | undefined;
  /** Refuses to write and to make what is missing. @default false */
  readonly readOnly?: boolean | undefined;
  /** How long a read may take. @default 10_000 */
  readonly queryTimeoutMs?: number | undefined;
  /** How long one commit, or the work on the indexes, may take. @default 600_000 */
  readonly writeTimeoutMs?: number | undefined;
  /** How old an answer may be where another process writes. @default 500 */
  readonly refreshMs?: number | undefined;
  /** From how many chunks on vectors are indexed; below, comparing all of them is exact and fast. @default 50_000 */
  readonly vectorIndexFromChunks?: number | undefined;
}

const MAX_IDS_A_COMMIT = 500;
const MAX_PAGE = 1000;

/**
 * Keeps documents in a folder of this machine, searched by words (BM25) and, with a dimension, by vectors.
 * One table of chunks, each with its document's facts, so that one commit switches a document.
 */
export class LanceDBStore implements VectorStore {
  readonly modes: readonly QueryMode[];
  readonly dimension: number | undefined;
  readonly #collection: Collection;
  readonly #writer: LanceDBWriter;
  readonly #queryTimeoutMs: number;
  /** Under way, also after their callers have left. */
  readonly #reads = new Set<Promise<unknown>>();

  private constructor(collection: Collection, writer: LanceDBWriter, options: LanceDBStoreOptions) {
    const { dimension, queryTimeoutMs = 10_000 } = options;
    this.#collection = collection;
    this.#writer = writer;
    this.#queryTimeoutMs = queryTimeoutMs;
    this.dimension = dimension;
    this.modes = dimension === undefined ? ['sparse'] : ['sparse', 'default'];
  }

  /**
   * Opens a folder, and makes it where it is missing. Throws DATA_FOLDER where it cannot be used,
   * STORE_MISMATCH where it was made with another embedder, dimension or schema.
   */
  static async open(directory: string, options: LanceDBStoreOptions = {}): Promise<LanceDBStore> {
    const { dimension, readOnly = false } = options;
    if (dimension !== undefined && (!Number.isInteger(dimension) || dimension < 1 || dimension > 65_536)) {
      throw new InvalidInputError(`The dimension is ${dimension}: give a whole number from 1 to 65536.`, {
        field: 'dimension',
      });
    }
    const collection = await openCollection({
      directory,
      collection: options.collection ?? 'documents',
      dimension,
      embedderName: options.embedderName,
      readOnly,
      refreshMs: options.refreshMs ?? 500,
    });
    const writer = new LanceDBWriter(collection, {
      dimension,
      readOnly,
      writeTimeoutMs: options.writeTimeoutMs ?? 600_000,
      vectorIndexFromChunks: options.vectorIndexFromChunks ?? 50_000,
    });
    return new LanceDBStore(collection, writer, options);
  }

  async replaceDocuments(documents: readonly DocumentChunks[], options: StoreOptions = {}): Promise<void> {
    checkDocuments(documents, this.dimension);
    for (const group of groupByCommit(documents)) {
      options.signal?.throwIfAborted();
      await this.#writer.replace(group, options);
    }
  }

  async deleteDocuments(documentIds: readonly string[], options: StoreOptions = {}): Promise<number> {
    if (documentIds.length === 0) {
      throw new InvalidInputError('No document was named to be deleted.', { field: 'documentIds' });
    }
    const ids = [...new Set(documentIds)].filter(isId);
    let deleted = 0;
    for (let start = 0; start < ids.length; start += MAX_IDS_A_COMMIT) {
      deleted += await this.#writer.delete(ids.slice(start, start + MAX_IDS_A_COMMIT), options);
    }
    return deleted;
  }

  async query(query: VectorStoreQuery, options: StoreOptions = {}): Promise<readonly ScoredChunk[]> {
    const search = buildSearch(this.#collection, query, this.dimension);
    return this.#read('The search', options, async (timeoutMs) =>
      decodeRows(await search.query.toArrow({ timeoutMs }), (read) => ({
        chunk: decodeChunk(read),
        score: search.score(read(search.scoreColumn) as number),
      })),
    );
  }

  async getChunk(chunkId: string, options: StoreOptions = {}): Promise<StoredChunk | undefined> {
    if (!isId(chunkId)) return undefined;
    const where = `id = ${literal(chunkId)}`;
    const [chunk] = await this.#select(CHUNK_COLUMNS, { where, limit: 1 }, decodeChunk, options);
    return chunk;
  }

  async getDocument(documentId: string, options: StoreOptions = {}): Promise<DocumentRecord | undefined> {
    if (!isId(documentId)) return undefined;
    const where = `${anyDocument([documentId])} AND chunk_index = 0`;
    const [document] = await this.#select(DOCUMENT_COLUMNS, { where, limit: 1 }, decodeDocument, options);
    return document;
  }

  async getDocumentChunks(documentId: string, options: StoreOptions = {}): Promise<readonly StoredChunk[]> {
    if (!isId(documentId)) return [];
    const chunks = await this.#select(
      CHUNK_COLUMNS,
      { where: anyDocument([documentId]) },
      decodeChunk,
      options,
    );
    return chunks.toSorted((a, b) => a.index - b.index);
  }

  async listDocuments(options: ListDocumentsOptions = {}): Promise<readonly DocumentRecord[]> {
    const { after, limit = 100 } = options;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
      throw new InvalidInputError(`The limit is ${limit}: give a whole number from 1 to ${MAX_PAGE}.`, {
        field: 'limit',
      });
    }
    const from = after === undefined ? '' : ` AND document_id > ${literal(after)}`;
    return this.#select(
      DOCUMENT_COLUMNS,
      { where: `chunk_index = 0${from}`, orderBy: 'document_id', limit },
      decodeDocument,
      options,
    );
  }

  async count(options: StoreOptions = {}): Promise<{ readonly documents: number; readonly chunks: number }> {
    const { table } = this.#collection;
    return this.#read('Counting', options, async () => {
      const [documents, chunks] = await Promise.all([table.countRows('chunk_index = 0'), table.countRows()]);
      return { documents, chunks };
    });
  }

  async optimize(options: StoreOptions = {}): Promise<void> {
    await this.#writer.optimize(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.settle();
    // Also those that nobody waits for any more: LanceDB closes nothing that is in use.
    await Promise.allSettled(this.#reads);
    this.#collection.table.close();
    this.#collection.connection.close();
  }

  async #select<T>(
    columns: readonly string[],
    rows: { readonly where: string; readonly orderBy?: string; readonly limit?: number },
    decode: (read: ReadValue) => T,
    options: StoreOptions,
  ): Promise<readonly T[]> {
    return this.#read('Reading the store', options, async (timeoutMs) => {
      const query = this.#collection.table
        .query()
        .where(rows.where)
        .select([...columns]);
      if (rows.orderBy !== undefined) query.orderBy({ columnName: rows.orderBy });
      if (rows.limit !== undefined) query.limit(rows.limit);
      return decodeRows(await query.toArrow({ timeoutMs }), decode);
    });
  }

  async #read<T>(what: string, options: StoreOptions, work: (timeoutMs: number) => Promise<T>): Promise<T> {
    const timeoutMs = this.#queryTimeoutMs;
    return withinDeadline({ signal: options.signal, timeoutMs, what }, async () => {
      const read = work(timeoutMs);
      this.#reads.add(read);
      try {
        return await read;
      } catch (error) {
        return failStore(what, error);
      } finally {
        this.#reads.delete(read);
      }
    });
  }
}
