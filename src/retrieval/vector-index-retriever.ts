import type { ScoredChunk } from '../documents/document.ts';
import type { Embedder } from '../embeddings/embedder.ts';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import type { MetadataFilters } from '../stores/metadata-filters.ts';
import type { QueryMode, VectorStore, VectorStoreQuery } from '../stores/vector-store.ts';
import { withinDeadline } from '../stores/within-deadline.ts';
import { type Postprocessor, scoreCutoff } from './postprocessor.ts';
import { reciprocalRankFusion } from './reciprocal-rank-fusion.ts';
import type { RetrieveOptions, Retriever } from './retriever.ts';

/** How a VectorIndexRetriever searches. */
export interface VectorIndexRetrieverOptions {
  readonly store: VectorStore;
  /** Needed by the modes `default` and `hybrid`; `sparse` never embeds. */
  readonly embedder?: Embedder | undefined;
  /** How many chunks at most, from 1 to 100. @default 6 */
  readonly similarityTopK?: number | undefined;
  /** @default 'hybrid' with an embedder, 'sparse' without */
  readonly mode?: QueryMode | undefined;
  /** What every question is limited to. */
  readonly filters?: MetadataFilters | undefined;
  /** Chunks that score less are left away; `VectorIndexRetriever` says what a score is. */
  readonly scoreCutoff?: number | undefined;
  /** Run one after the other on what was found. */
  readonly postprocessors?: readonly Postprocessor[] | undefined;
  /** How long one retrieval may take, all in. @default 10_000 */
  readonly timeoutMs?: number | undefined;
}

const MAX_TOP_K = 100;
/** Fusion needs rankings longer than its result: a chunk good in both may be the best of neither. */
const MIN_CANDIDATES = 20;
/** A repeated search asks for more, since duplicates took places; this many times at most. */
const MAX_ROUNDS = 3;

/**
 * Finds chunks by their words, by the meaning of the question, or by both fused. A score is comparable within one
 * answer alone: in the mode `sparse` it is BM25 (above 0, without a bound), in `default` the cosine (−1 to 1), and in
 * `hybrid` the sum of 1 / (60 + rank) over the two searches, at most 2 / 61 ≈ 0.033 for what is first in both.
 */
export class VectorIndexRetriever implements Retriever {
  readonly mode: QueryMode;
  readonly #store: VectorStore;
  readonly #embedder: Embedder | undefined;
  readonly #topK: number;
  readonly #filters: MetadataFilters | undefined;
  readonly #postprocessors: readonly Postprocessor[];
  readonly #timeoutMs: number;

  /** Throws CONFIGURATION where the mode needs what the store or the embedder has not. */
  constructor(options: VectorIndexRetrieverOptions) {
    const { store, embedder } = options;
    this.mode = options.mode ?? (embedder === undefined ? 'sparse' : 'hybrid');
    checkMode(this.mode, store, embedder);
    this.#store = store;
    this.#embedder = embedder;
    this.#topK = checkTopK(options.similarityTopK ?? 6, 'similarityTopK');
    this.#filters = options.filters;
    this.#postprocessors = [
      ...(options.scoreCutoff === undefined ? [] : [scoreCutoff(options.scoreCutoff)]),
      ...(options.postprocessors ?? []),
    ];
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  async retrieve(question: string, options: RetrieveOptions = {}): Promise<readonly ScoredChunk[]> {
    const topK = checkTopK(options.topK ?? this.#topK, 'topK');
    const filters = joinFilters(this.#filters, options.filters);
    if (question.trim() === '') return [];
    const deadline = { signal: options.signal, timeoutMs: this.#timeoutMs, what: 'The retrieval' };
    return withinDeadline(deadline, async (signal) => {
      let chunks = await this.#search(question, { topK, filters, signal });
      for (const postprocess of this.#postprocessors) {
        chunks = await postprocess(chunks, { question, signal });
        signal.throwIfAborted();
      }
      return chunks;
    });
  }

  async #search(
    question: string,
    { topK, filters, signal }: { topK: number; filters: MetadataFilters | undefined; signal: AbortSignal },
  ): Promise<readonly ScoredChunk[]> {
    const embedding = this.mode === 'sparse' ? undefined : this.#embed(question, signal);
    let limit = this.mode === 'hybrid' ? Math.max(2 * topK, MIN_CANDIDATES) : topK;
    for (let round = 1; ; round += 1) {
      const limits = { topK: limit, ...(filters === undefined ? {} : { filters }) };
      const found = await this.#rank(question, embedding, limits, signal);
      const unique = withoutDuplicates(found);
      // Fewer than asked for means that there are no more; what was lost to duplicates is made up for.
      if (unique.length >= topK || found.length < limit || round === MAX_ROUNDS) return unique.slice(0, topK);
      limit *= 2;
    }
  }

  async #rank(
    question: string,
    embedding: Promise<Float32Array> | undefined,
    limits: Pick<VectorStoreQuery, 'topK' | 'filters'>,
    signal: AbortSignal,
  ): Promise<readonly ScoredChunk[]> {
    const byWords = async () => this.#store.query({ ...limits, mode: 'sparse', text: question }, { signal });
    if (embedding === undefined) return byWords();
    const byVector = async () =>
      this.#store.query({ ...limits, mode: 'default', vector: await embedding }, { signal });
    if (this.mode === 'default') return byVector();
    if (this.#store.modes.includes('hybrid')) {
      const query = { ...limits, mode: 'hybrid', text: question, vector: await embedding } as const;
      return this.#store.query(query, { signal });
    }
    // The search for words is under way while the question is embedded.
    return reciprocalRankFusion(await Promise.all([byWords(), byVector()]));
  }

  async #embed(question: string, signal: AbortSignal): Promise<Float32Array> {
    if (this.#embedder === undefined) throw needsEmbedder(this.mode);
    return this.#embedder.embedQuery(question, { signal });
  }
}

/** As LlamaIndex does: chunks of one document with the same text are one, the best of them. */
function withoutDuplicates(chunks: readonly ScoredChunk[]): readonly ScoredChunk[] {
  const seen = new Map<string, Set<string>>();
  return chunks.filter(({ chunk: { documentId, text } }) => {
    const texts = seen.get(documentId);
    if (texts === undefined) seen.set(documentId, new Set([text]));
    else if (texts.has(text)) return false;
    else texts.add(text);
    return true;
  });
}

function joinFilters(
  own: MetadataFilters | undefined,
  asked: MetadataFilters | undefined,
): MetadataFilters | undefined {
  if (own === undefined || asked === undefined) return own ?? asked;
  return { condition: 'and', filters: [own, asked] };
}

function checkTopK(topK: number, field: string): number {
  if (Number.isInteger(topK) && topK >= 1 && topK <= MAX_TOP_K) return topK;
  throw new InvalidInputError(`${field} is ${topK}: give a whole number from 1 to ${MAX_TOP_K}.`, { field });
}

function checkMode(mode: QueryMode, store: VectorStore, embedder: Embedder | undefined): void {
  const needed: readonly QueryMode[] =
    mode !== 'hybrid' || store.modes.includes('hybrid') ? [mode] : ['sparse', 'default'];
  const missing = needed.find((each) => !store.modes.includes(each));
  if (missing !== undefined) {
    throw new CitestreamError(
      'CONFIGURATION',
      `The retrieval mode ${mode} needs a store that can search in the mode ${missing}; this one can: ${store.modes.join(', ')}.`,
    );
  }
  if (mode === 'sparse') return;
  if (embedder === undefined) throw needsEmbedder(mode);
  if (embedder.dimension !== store.dimension) {
    throw new CitestreamError(
      'CONFIGURATION',
      `The embedder ${embedder.name} makes vectors of ${embedder.dimension} numbers, the store keeps vectors of ${store.dimension}. Open the store with the embedder's dimension.`,
    );
  }
}

function needsEmbedder(mode: QueryMode): CitestreamError {
  return new CitestreamError(
    'CONFIGURATION',
    `The retrieval mode ${mode} needs an embedder and none is set. Configure one, or retrieve in the mode sparse.`,
  );
}
