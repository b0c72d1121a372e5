/** Options of everything that waits on a provider. */
export interface EmbedOptions {
  readonly signal?: AbortSignal;
}

/** Whether texts are stored or asked; some models embed them otherwise. */
export type InputType = 'document' | 'query';

/** What one call of an embedder takes; `BatchedEmbedder` keeps to it, so that callers need not know it. */
export interface EmbedderLimits {
  /** How many texts one call takes at most. */
  readonly maxBatchSize: number;
  /** How many characters the texts of one call have at most, all in. @default no limit */
  readonly maxBatchCharacters?: number | undefined;
  /** Of longer texts, only the beginning is embedded. @default no limit */
  readonly maxTextCharacters?: number | undefined;
  /** How many calls are worth having under way at once. @default 4 */
  readonly maxParallel?: number | undefined;
}

/** Turns texts into vectors; implement this to add a provider. */
export interface Embedder extends EmbedderLimits {
  /** Provider and model, as in `local:all-MiniLM-L6-v2`; stored with the data, so that a change is noticed. */
  readonly name: string;
  /** The length of every vector it returns. */
  readonly dimension: number;
  /** One vector a text, in order. */
  embedDocuments(texts: readonly string[], options?: EmbedOptions): Promise<readonly Float32Array[]>;
  /** The vector of a question; some models embed questions otherwise than documents. */
  embedQuery(text: string, options?: EmbedOptions): Promise<Float32Array>;
  /** Gives back threads and connections, where there are any. */
  [Symbol.asyncDispose]?(): Promise<void>;
}
