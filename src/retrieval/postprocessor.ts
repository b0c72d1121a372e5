import type { ScoredChunk } from '../documents/document.ts';

/** What a postprocessor is told beside the chunks. */
export interface PostprocessOptions {
  readonly question: string;
  readonly signal: AbortSignal;
}

/** Changes what was retrieved before it is used: reranks, cuts, adds. Given the best first, and returns so. */
export type Postprocessor = (
  chunks: readonly ScoredChunk[],
  options: PostprocessOptions,
) => readonly ScoredChunk[] | Promise<readonly ScoredChunk[]>;

/** Leaves away what scores less than `minimum`; what a score means depends on the retriever's mode. */
export function scoreCutoff(minimum: number): Postprocessor {
  return (chunks) => chunks.filter(({ score }) => score >= minimum);
}
