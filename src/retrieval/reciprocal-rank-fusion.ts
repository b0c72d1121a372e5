import type { ScoredChunk } from '../documents/document.ts';

/**
 * Joins rankings whose scores cannot be compared: a chunk scores the sum of 1 / (k + rank) over the rankings
 * it is in. Ties keep the order of first appearance. Source: Cormack, Clarke and Büttcher, SIGIR 2009; their k is 60.
 */
export function reciprocalRankFusion(
  rankings: readonly (readonly ScoredChunk[])[],
  { k = 60 }: { readonly k?: number } = {},
): readonly ScoredChunk[] {
  const fused = new Map<string, ScoredChunk>();
  for (const ranking of rankings) {
    const ranked = new Set<string>();
    for (const { chunk } of ranking) {
      if (ranked.has(chunk.id)) continue;
      ranked.add(chunk.id);
      const before = fused.get(chunk.id)?.score ?? 0;
      fused.set(chunk.id, { chunk, score: before + 1 / (k + ranked.size) });
    }
  }
  return [...fused.values()].toSorted((a, b) => b.score - a.score);
}
