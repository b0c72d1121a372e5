import { CitestreamError } from '../errors.ts';
import { batchTexts, cutText, type TextBatch } from './batch-texts.ts';
import { CallSlots, withinTime } from './call-limits.ts';
import { checkVectors } from './check-vectors.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';
import { retryWithJitter, type Sleep, sleepFor } from '../llms/retry-with-jitter.ts';
import { QueryFlights } from './query-flights.ts';

/** How an embedder is called. */
export interface BatchedEmbedderOptions {
  /** How many calls are under way at once. @default what the embedder says, else 4 */
  readonly maxParallel?: number | undefined;
  /** How many texts one call has; never more than the embedder takes. */
  readonly batchSize?: number | undefined;
  /** How long one call may take. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  /** How often one call is tried, the first time included. @default 5 */
  readonly maxAttempts?: number | undefined;
  /** The longest the first wait before trying again can be. @default 250 */
  readonly baseDelayMs?: number | undefined;
  /** The longest any wait can be. @default 20_000 */
  readonly maxDelayMs?: number | undefined;
  /** How many questions' vectors are kept. @default 256 */
  readonly maxKeptQueries?: number | undefined;
  /** For tests. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** For tests: how it waits. */
  readonly sleep?: Sleep | undefined;
}

const MAX_WAITING_CALLS = 10_000;

/**
 * What stands between every embedder and those who use it: takes any number of texts, splits them by the embedder's
 * limits, keeps a bounded number of calls under way, repeats only the calls that failed, embeds a question that many
 * ask at once a single time, and lets no vector through that a store could not keep.
 */
export class BatchedEmbedder implements Embedder, AsyncDisposable {
  readonly name: string;
  readonly dimension: number;
  readonly maxBatchSize = Infinity;
  readonly #embedder: Embedder;
  readonly #options: BatchedEmbedderOptions;
  readonly #slots: CallSlots;
  readonly #queries: QueryFlights;
  /** Shrinks when the provider refuses a call as too large. */
  #batchSize: number;

  constructor(embedder: Embedder, options: BatchedEmbedderOptions = {}) {
    this.name = embedder.name;
    this.dimension = embedder.dimension;
    this.#embedder = embedder;
    this.#options = options;
    this.#batchSize = Math.min(embedder.maxBatchSize, options.batchSize ?? Infinity);
    this.#slots = new CallSlots(this.#parallel, MAX_WAITING_CALLS);
    this.#queries = new QueryFlights(options.maxKeptQueries ?? 256);
  }

  get #parallel(): number {
    return this.#options.maxParallel ?? this.#embedder.maxParallel ?? 4;
  }

  /** Embeds any number of texts; the first call that fails for good aborts the others. */
  async embedDocuments(
    texts: readonly string[],
    options: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    options.signal?.throwIfAborted();
    const { maxBatchCharacters, maxTextCharacters } = this.#embedder;
    const cut = texts.map((text) => cutText(text, maxTextCharacters));
    const batches = batchTexts(cut, { maxBatchSize: this.#batchSize, maxBatchCharacters });
    const vectors: Float32Array[] = Array.from({ length: texts.length });
    const failure = new AbortController();
    const signals = options.signal === undefined ? [failure.signal] : [options.signal, failure.signal];
    const stop = AbortSignal.any(signals);
    const embedAll = async (): Promise<void> => {
      try {
        for (const { start, texts } of batches) {
          const embedded = await this.#embedBatch(texts, stop);
          for (const [at, vector] of embedded.entries()) vectors[start + at] = vector;
        }
      } catch (error) {
        failure.abort(error);
      }
    };
    await Promise.all(Array.from({ length: this.#parallel }, embedAll));
    stop.throwIfAborted();
    return vectors;
  }

  /** Embeds a question before all documents that wait. */
  async embedQuery(text: string, options: EmbedOptions = {}): Promise<Float32Array> {
    const question = cutText(text, this.#embedder.maxTextCharacters);
    return this.#queries.get(question, options.signal, async (stop) => {
      const vector = await this.#call(stop, true, async (signal) =>
        this.#embedder.embedQuery(question, { signal }),
      );
      checkVectors(this.#embedder, 1, [vector]);
      return vector;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#embedder[Symbol.asyncDispose]?.();
  }

  async #embedBatch(texts: TextBatch['texts'], stop: AbortSignal): Promise<readonly Float32Array[]> {
    stop.throwIfAborted();
    try {
      const vectors = await this.#call(stop, false, async (signal) =>
        this.#embedder.embedDocuments(texts, { signal }),
      );
      return checkVectors(this.#embedder, texts.length, vectors);
    } catch (error) {
      if (texts.length === 1 || !isTooMuch(error)) throw error;
      // Servers have limits that nobody can know before; only the part that was refused is halved.
      const half = Math.ceil(texts.length / 2);
      if (error.code === 'TOO_LARGE') this.#batchSize = Math.min(this.#batchSize, half);
      const first = await this.#embedBatch(texts.slice(0, half), stop);
      return [...first, ...(await this.#embedBatch(texts.slice(half), stop))];
    }
  }

  /** One call with all its tries; a slot is held only while the provider is at work, not between tries. */
  async #call<T>(
    signal: AbortSignal,
    isUrgent: boolean,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs = 30_000, sleep = sleepFor } = this.#options;
    const { maxAttempts = 5, baseDelayMs = 250, maxDelayMs = 20_000, random = Math.random } = this.#options;
    return retryWithJitter(
      async () =>
        this.#slots.run(
          async () => withinTime({ timeoutMs, what: `The embedder ${this.name}`, signal, sleep }, work),
          { signal, isUrgent },
        ),
      { maxAttempts, baseDelayMs, maxDelayMs, signal, random, sleep },
    );
  }
}

function isTooMuch(error: unknown): error is CitestreamError {
  return (
    error instanceof CitestreamError && (error.code === 'TOO_LARGE' || error.code === 'CONTEXT_OVERFLOW')
  );
}
