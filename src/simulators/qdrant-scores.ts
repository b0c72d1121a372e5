import { type Point, type ScoredPoint, type SparseVector } from './qdrant-wire.ts';

export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan';

/** How near two vectors are, as Qdrant reports it: a similarity, or a distance for Euclid and Manhattan. */
export function denseScore(distance: Distance, a: readonly number[], b: readonly number[]): number {
  let dot = 0;
  let squares = 0;
  let absolute = 0;
  for (let at = 0; at < a.length; at += 1) {
    const [x = 0, y = 0] = [a[at], b[at]];
    dot += x * y;
    squares += (x - y) ** 2;
    absolute += Math.abs(x - y);
  }
  if (distance === 'Euclid') return Math.sqrt(squares);
  return distance === 'Manhattan' ? absolute : dot;
}

/** True where a smaller score is better. */
export const isSmallerBetter = (distance: Distance): boolean =>
  distance === 'Euclid' || distance === 'Manhattan';

/** A vector of length one in the same direction; zeros stay zeros. */
export function normalised(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** The words of all points of one sparse vector: which points have an index, and with which value. */
export class SparseIndex {
  readonly #postings = new Map<number, Map<Point['id'], number>>();
  #points = 0;

  add(id: Point['id'], { indices, values }: SparseVector): void {
    this.#points += 1;
    for (const [at, index] of indices.entries()) {
      const posting = this.#postings.get(index) ?? new Map<Point['id'], number>();
      this.#postings.set(index, posting.set(id, values[at] ?? 0));
    }
  }

  remove(id: Point['id'], { indices }: SparseVector): void {
    this.#points -= 1;
    for (const index of indices) this.#postings.get(index)?.delete(id);
  }

  /** The dot product with every point that shares an index; `isIdf` weighs each by how rare it is. */
  scores(
    { indices, values }: SparseVector,
    { isIdf }: { readonly isIdf: boolean },
  ): Map<Point['id'], number> {
    const scores = new Map<Point['id'], number>();
    for (const [at, index] of indices.entries()) {
      const posting = this.#postings.get(index);
      if (posting === undefined || posting.size === 0) continue;
      const weight = (values[at] ?? 0) * (isIdf ? this.#idf(posting.size) : 1);
      for (const [id, value] of posting) scores.set(id, (scores.get(id) ?? 0) + weight * value);
    }
    return scores;
  }

  #idf(frequency: number): number {
    return Math.log((this.#points - frequency + 0.5) / (frequency + 0.5) + 1);
  }
}

/** Reciprocal rank fusion as Qdrant counts it: from 0, with k 2, a weight stretching the ranks of its list. */
export function fuseByRank(
  lists: readonly (readonly ScoredPoint[])[],
  { k = 2, weights }: { readonly k?: number; readonly weights?: readonly number[] | undefined },
): readonly ScoredPoint[] {
  return sumScores(
    lists.map((list, at) => {
      const weight = weights?.[at] ?? 1;
      return list.map(({ point }, rank) => ({
        point,
        score: weight <= 0 ? 0 : 1 / ((rank + 1) / weight + k - 1),
      }));
    }),
  );
}

/** Distribution-based score fusion: each list is put between its mean less and plus three deviations. */
export function fuseByDistribution(lists: readonly (readonly ScoredPoint[])[]): readonly ScoredPoint[] {
  return sumScores(
    lists.map((list) => {
      const scores = list.map(({ score }) => score);
      const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
      const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
      const deviation = scores.length < 2 ? 0 : Math.sqrt(squares / (scores.length - 1));
      return list.map(({ point, score }) => ({
        point,
        score: deviation === 0 ? 0.5 : (score - (mean - 3 * deviation)) / (6 * deviation),
      }));
    }),
  );
}

function sumScores(lists: readonly (readonly ScoredPoint[])[]): readonly ScoredPoint[] {
  const sums = new Map<Point['id'], ScoredPoint>();
  for (const { point, score } of lists.flat()) {
    sums.set(point.id, { point, score: score + (sums.get(point.id)?.score ?? 0) });
  }
  return [...sums.values()].toSorted((a, b) => b.score - a.score);
}

/** Maximal marginal relevance: one after the other, what is near the question and far from what was taken. */
export function diversify(
  candidates: readonly ScoredPoint[],
  similarity: (a: Point, b: Point) => number,
  { diversity, limit }: { readonly diversity: number; readonly limit: number },
): readonly ScoredPoint[] {
  const remaining = [...candidates];
  const taken: ScoredPoint[] = [];
  while (taken.length < limit && remaining.length > 0) {
    const worth = remaining.map(({ point, score }) => {
      const nearest = Math.max(...taken.map((other) => similarity(point, other.point)));
      return (1 - diversity) * score - (taken.length === 0 ? 0 : diversity * nearest);
    });
    // The first is the most relevant, whatever the diversity.
    const best = taken.length === 0 ? 0 : worth.indexOf(Math.max(...worth));
    taken.push(...remaining.splice(best, 1));
  }
  return taken;
}
