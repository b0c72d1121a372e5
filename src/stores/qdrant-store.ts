import type { DocumentRecord, ScoredChunk, StoredChunk } from '../documents/document.ts';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { checkDocuments, isId } from './check-documents.ts';
import { groupByCommit } from './group-by-commit.ts';
import {
  openQdrantCollection,
  type QdrantCollection,
  type QdrantCollectionOptions,
} from './qdrant-collection.ts';
import { QdrantConnection, type QdrantConnectionOptions } from './qdrant-connection.ts';
import { listDocumentPoints } from './qdrant-documents.ts';
import type { QdrantFilter } from './qdrant-filter.ts';
import {
  CHUNK_FIELDS,
  decodeChunk,
  decodeDocument,
  documentFacts,
  documentIdOf,
  type Payload,
  versionOf,
} from './qdrant-points.ts';
import { readDocuments, readingCall, readVersions, scrollAll } from './qdrant-reader.ts';
import { type QdrantSearchOptions, searchQdrant } from './qdrant-search.ts';
import { QdrantWriter } from './qdrant-writer.ts';
import type {
  DocumentChunks,
  ListDocumentsOptions,
  QueryMode,
  StoreOptions,
  VectorStore,
  VectorStoreQuery,
} from './vector-store.ts';

/** How a QdrantStore is opened. */
export interface QdrantStoreOptions
  extends QdrantConnectionOptions, QdrantCollectionOptions, QdrantSearchOptions {
  /** @default 'documents' */
  readonly collection?: string | undefined;
  /** The length of the vectors; without it the store keeps words alone. */
  readonly dimension?: number | undefined;
  /** The embedder's name, so that a collection made with another one is refused. */
  readonly embedderName?: string | undefined;
  /** Refuses to write and to make what is missing. @default false */
  readonly readOnly?: boolean | undefined;
  /** How many chunks one request stores. @default 64 */
  readonly batchSize?: number | undefined;
  /** How many such requests are under way at once. @default 4 */
  readonly parallel?: number | undefined;
}

const MAX_PAGE = 1000;
const MAX_IDS_A_WRITE = 500;
/** A document may be switched while it is read; nobody switches it this often. */
const MAX_READS = 10;

/**
 * Keeps documents in a Qdrant server, searched by words (BM25 with the server's IDF), by vectors, or by both fused in
 * the server. Several processes may read and write one collection.
 */
export class QdrantStore implements VectorStore {
  readonly modes: readonly QueryMode[];
  readonly dimension: number | undefined;
  readonly #collection: QdrantCollection;
  readonly #writer: QdrantWriter;
  readonly #options: QdrantStoreOptions;

  private constructor(collection: QdrantCollection, options: QdrantStoreOptions) {
    this.#collection = collection;
    this.#options = options;
    const { batchSize = 64, parallel = 4 } = options;
    this.#writer = new QdrantWriter(collection, { batchSize, parallel });
    this.dimension = options.dimension;
    this.modes = options.dimension === undefined ? ['sparse'] : ['sparse', 'default', 'hybrid'];
  }

  /**
   * Reaches a server and opens a collection, and makes it where it is missing. Throws UPSTREAM_UNAVAILABLE,
   * CREDENTIALS or ACCESS_DENIED where it cannot be reached, STORE_MISMATCH where it was made otherwise.
   */
  static async open(options: QdrantStoreOptions): Promise<QdrantStore> {
    checkOptions(options);
    const connection = await QdrantConnection.open(options);
    const collection = await openQdrantCollection(connection, {
      ...options,
      collection: options.collection ?? 'documents',
      dimension: options.dimension,
      embedderName: options.embedderName,
      readOnly: options.readOnly ?? false,
    });
    return new QdrantStore(collection, options);
  }

  async replaceDocuments(documents: readonly DocumentChunks[], options: StoreOptions = {}): Promise<void> {
    this.#checkWritable('Storing documents');
    checkDocuments(documents, this.dimension);
    // All are checked before any is written.
    const facts = new Map(documents.map((entry) => [entry, documentFacts(entry)]));
    options.signal?.throwIfAborted();
    for (const group of groupByCommit(documents)) {
      const prepared = group.flatMap((entry) => {
        const own = facts.get(entry);
        return own === undefined ? [] : [{ entry, facts: own }];
      });
      await this.#writer.replace(prepared, options);
    }
  }

  async deleteDocuments(documentIds: readonly string[], options: StoreOptions = {}): Promise<number> {
    if (documentIds.length === 0) {
      throw new InvalidInputError('No document was named to be deleted.', { field: 'documentIds' });
    }
    this.#checkWritable('Deleting documents');
    const ids = [...new Set(documentIds)].filter(isId);
    let deleted = 0;
    for (let start = 0; start < ids.length; start += MAX_IDS_A_WRITE) {
      deleted += await this.#writer.delete(ids.slice(start, start + MAX_IDS_A_WRITE), options);
    }
    return deleted;
  }

  async query(query: VectorStoreQuery, { signal }: StoreOptions = {}): Promise<readonly ScoredChunk[]> {
    return searchQdrant(this.#collection, query, { ...this.#options, dimension: this.dimension, signal });
  }

  async getChunk(chunkId: string, { signal }: StoreOptions = {}): Promise<StoredChunk | undefined> {
    signal?.throwIfAborted();
    if (!isId(chunkId)) return undefined;
    const call = readingCall(signal);
    const filter: QdrantFilter = { must: [{ key: 'chunk_id', match: { value: chunkId } }] };
    for (let read = 1; read <= 2; read += 1) {
      const found = await scrollAll(this.#collection, filter, { call, fields: CHUNK_FIELDS });
      const current = await readVersions(this.#collection, [...new Set(found.map(documentIdOf))], call);
      const chunk = found.find((payload) => current.get(documentIdOf(payload)) === versionOf(payload));
      if (chunk !== undefined) return decodeChunk(chunk);
      if (found.length === 0) return undefined;
      // Its document may have been switched in between: then the next read finds the new version.
    }
    return undefined;
  }

  async getDocument(documentId: string, { signal }: StoreOptions = {}): Promise<DocumentRecord | undefined> {
    signal?.throwIfAborted();
    if (!isId(documentId)) return undefined;
    const document = await this.#readDocument(documentId, signal);
    return document && decodeDocument(document);
  }

  async getDocumentChunks(
    documentId: string,
    { signal }: StoreOptions = {},
  ): Promise<readonly StoredChunk[]> {
    signal?.throwIfAborted();
    if (!isId(documentId)) return [];
    for (let read = 1; read <= MAX_READS; read += 1) {
      const document = await this.#readDocument(documentId, signal);
      if (document === undefined) return [];
      const filter: QdrantFilter = {
        must: [
          { key: 'document_id', match: { value: documentId } },
          { key: 'version', match: { value: versionOf(document) } },
          { key: 'kind', match: { value: 'chunk' } },
        ],
      };
      const call = readingCall(signal);
      const found = await scrollAll(this.#collection, filter, { call, fields: CHUNK_FIELDS });
      // Fewer than the document says were deleted while they were read: another version is there by now.
      if (found.length === document['chunks']) {
        return found.map(decodeChunk).toSorted((a, b) => a.index - b.index);
      }
    }
    throw new CitestreamError(
      'STORE_FAILED',
      `The document ${JSON.stringify(documentId)} in Qdrant has not the chunks it should have. Ingest it again.`,
    );
  }

  async listDocuments(options: ListDocumentsOptions = {}): Promise<readonly DocumentRecord[]> {
    const { after, limit = 100, signal } = options;
    signal?.throwIfAborted();
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
      throw new InvalidInputError(`The limit is ${limit}: give a whole number from 1 to ${MAX_PAGE}.`, {
        field: 'limit',
      });
    }
    const documents = await listDocumentPoints(this.#collection, { after, limit, signal });
    return documents.map(decodeDocument);
  }

  async count({ signal }: StoreOptions = {}): Promise<{
    readonly documents: number;
    readonly chunks: number;
  }> {
    const { connection, name } = this.#collection;
    const count = async (kind: string) =>
      connection.call({ what: 'Counting', signal }, async (api, init) => {
        const filter = { must: [{ key: 'kind', match: { value: kind } }] };
        return api.countPoints({ collection_name: name, filter, exact: true }, init);
      });
    const [documents, chunks] = await Promise.all([count('document'), count('chunk')]);
    return { documents: documents.count, chunks: chunks.count };
  }

  /** Deletes what writers that ended too early left behind; Qdrant tends its indexes by itself. */
  async optimize(options: StoreOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#checkWritable('Tidying up the store');
    await this.#writer.tidy(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.settle();
  }

  async #readDocument(documentId: string, signal: AbortSignal | undefined): Promise<Payload | undefined> {
    const call = readingCall(signal);
    const [document] = await readDocuments(this.#collection, [documentId], { call, fields: true });
    return document;
  }

  #checkWritable(what: string): void {
    if (this.#options.readOnly !== true) return;
    throw new CitestreamError('STORE_FAILED', `${what} failed: the store was opened to be read only.`);
  }
}

function checkOptions({ dimension, alpha, batchSize, parallel, maxRetries, mmr }: QdrantStoreOptions): void {
  const check = (
    field: string,
    value: number | undefined,
    [min, max]: readonly [number, number],
    isWhole = true,
  ) => {
    if (value === undefined || (value >= min && value <= max && (!isWhole || Number.isInteger(value))))
      return;
    throw new InvalidInputError(
      `The ${field} is ${value}: give a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}.`,
      { field },
    );
  };
  check('dimension', dimension, [1, 65_536]);
  check('alpha', alpha, [0, 1], false);
  check('batchSize', batchSize, [1, 1000]);
  check('parallel', parallel, [1, 64]);
  check('maxRetries', maxRetries, [0, 100]);
  check('mmr.diversity', mmr?.diversity, [0, 1], false);
  check('mmr.candidates', mmr?.candidates, [1, 16_384]);
}
