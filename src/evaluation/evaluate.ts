import type { ScoredChunk } from '../documents/document.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { JudgedQuery } from './load-beir.ts';
import { type Estimate, estimateMean, ndcgAt, recallAt, reciprocalRankAt } from './metrics.ts';

/** How well a retriever finds what was judged relevant. */
export interface Evaluation {
  readonly queries: number;
  /** How many documents of each ranking count. */
  readonly k: number;
  readonly ndcg: Estimate;
  readonly recall: Estimate;
  /** The mean reciprocal rank. */
  readonly mrr: Estimate;
  readonly elapsedMs: number;
}

/** How an evaluation is run. */
export interface EvaluateOptions {
  /** @default 10 */
  readonly k?: number;
  readonly signal?: AbortSignal;
  /** Called after each query. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Chunks asked for, for each document that counts: those of one document take one place together. */
const CHUNKS_A_DOCUMENT = 5;
const MAX_CHUNKS = 100;

/** Asks a retriever every query and compares what it finds with the judgements. */
export async function evaluate(
  retriever: Retriever,
  queries: readonly JudgedQuery[],
  { k = 10, signal, onProgress }: EvaluateOptions = {},
): Promise<Evaluation> {
  const started = performance.now();
  const topK = Math.min(k * CHUNKS_A_DOCUMENT, MAX_CHUNKS);
  const [ndcg, recall, reciprocalRank]: [number[], number[], number[]] = [[], [], []];
  for (const [at, { text, relevance }] of queries.entries()) {
    signal?.throwIfAborted();
    const ranking = rankDocuments(await retriever.retrieve(text, { topK, ...(signal && { signal }) }));
    ndcg.push(ndcgAt(k, ranking, relevance));
    recall.push(recallAt(k, ranking, relevance));
    reciprocalRank.push(reciprocalRankAt(k, ranking, relevance));
    onProgress?.({ done: at + 1, total: queries.length });
  }
  return {
    queries: queries.length,
    k,
    ndcg: estimateMean(ndcg),
    recall: estimateMean(recall),
    mrr: estimateMean(reciprocalRank),
    elapsedMs: performance.now() - started,
  };
}

/** The documents of ranked chunks, by their ids in the corpus, each at the place of its best chunk. */
export function rankDocuments(chunks: readonly ScoredChunk[]): readonly string[] {
  return [...new Set(chunks.map(({ chunk }) => corpusId(chunk.uri)))];
}

/** A line of a JSON Lines file has the uri `file.jsonl#id`; a file is known by its uri. */
function corpusId(uri: string): string {
  const mark = '.jsonl#';
  const at = uri.toLowerCase().indexOf(mark);
  return at === -1 ? uri : uri.slice(at + mark.length);
}
