import type { ScoredChunk } from '../documents/document.ts';
import type { MetadataFilters } from '../stores/metadata-filters.ts';

/** What one question may change of a retriever's settings. */
export interface RetrieveOptions {
  readonly signal?: AbortSignal;
  /** How many chunks at most, from 1 to 100. */
  readonly topK?: number;
  /** Joined by `and` with the retriever's own filters. */
  readonly filters?: MetadataFilters;
}

/** Finds the chunks that may answer a question; `VectorIndexRetriever` is the one of the house. */
export interface Retriever {
  /** The best chunks first, unsplit. */
  retrieve(question: string, options?: RetrieveOptions): Promise<readonly ScoredChunk[]>;
}
