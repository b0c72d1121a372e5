/** Options of everything that waits on a provider. */
export interface EmbedOptions {
  readonly signal?: AbortSignal;
}

/** Turns texts into vectors; implement this to add a provider. */
export interface Embedder {
  /** Provider and model, as in `local:all-MiniLM-L6-v2`; stored with the data, so that a change is noticed. */
  readonly name: string;
  /** The length of every vector it returns. */
  readonly dimension: number;
  /** How many texts one call takes at most. */
  readonly maxBatchSize: number;
  /** One vector a text, in order. */
  embedDocuments(texts: readonly string[], options?: EmbedOptions): Promise<readonly Float32Array[]>;
  /** The vector of a question; some models embed questions otherwise than documents. */
  embedQuery(text: string, options?: EmbedOptions): Promise<Float32Array>;
}
