import type { Chunk, DocumentRecord, ScoredChunk, StoredChunk } from '../documents/document.ts';
import type { MetadataFilters } from './metadata-filters.ts';

/** How a store can be searched: by the words (BM25), by the vector, or by both in the store itself. */
export type QueryMode = 'sparse' | 'default' | 'hybrid';

/** A search: `sparse` needs `text`, `default` needs `vector`, `hybrid` needs both. */
export interface VectorStoreQuery {
  readonly mode: QueryMode;
  readonly text?: string;
  readonly vector?: Float32Array;
  /** How many chunks at most. */
  readonly topK: number;
  readonly filters?: MetadataFilters;
}

/** A document's whole next version, ready to replace the one that is stored. */
export interface DocumentChunks {
  readonly document: Omit<DocumentRecord, 'chunks' | 'ingestedAt'>;
  /** At least one. */
  readonly chunks: readonly Chunk[];
  /** One a chunk, of the store's dimension; absent where the store has none. */
  readonly vectors?: readonly Float32Array[];
}

/** Options of every call that waits. */
export interface StoreOptions {
  readonly signal?: AbortSignal;
}

/** Where a page of documents begins: after the document with this id. */
export interface ListDocumentsOptions extends StoreOptions {
  readonly after?: string;
  /** @default 100 */
  readonly limit?: number;
}

/** Keeps chunks and finds them again; implement this to add a store. */
export interface VectorStore extends AsyncDisposable {
  /** The modes it searches by itself; the retriever fuses `hybrid` where only the other two are here. */
  readonly modes: readonly QueryMode[];
  /** The length of its vectors, `undefined` for a store of words alone. */
  readonly dimension: number | undefined;
  /** Stores each document's new version and removes its old one, atomically for each document. */
  replaceDocuments(documents: readonly DocumentChunks[], options?: StoreOptions): Promise<void>;
  /** Removes documents with all their chunks and says how many documents there were. Refuses an empty list. */
  deleteDocuments(documentIds: readonly string[], options?: StoreOptions): Promise<number>;
  /** The best chunks first; at most `topK`. */
  query(query: VectorStoreQuery, options?: StoreOptions): Promise<readonly ScoredChunk[]>;
  /** One chunk, or `undefined`. */
  getChunk(chunkId: string, options?: StoreOptions): Promise<StoredChunk | undefined>;
  /** One document's record, or `undefined`. */
  getDocument(documentId: string, options?: StoreOptions): Promise<DocumentRecord | undefined>;
  /** A document's chunks, in order. */
  getDocumentChunks(documentId: string, options?: StoreOptions): Promise<readonly StoredChunk[]>;
  /** One page of documents, ascending by id. */
  listDocuments(options?: ListDocumentsOptions): Promise<readonly DocumentRecord[]>;
  /** How much it holds. */
  count(options?: StoreOptions): Promise<{ readonly documents: number; readonly chunks: number }>;
  /** Brings indexes up to date and gives space back; called by ingest when it ends. */
  optimize(options?: StoreOptions): Promise<void>;
}
