/** How much a document answers a query, by the document's id; what is missing is not relevant. */
export type Relevance = ReadonlyMap<string, number>;

const gain = (relevance: number): number => Math.max(0, relevance);
const discounted = (gains: readonly number[]): number =>
  gains.reduce((sum, each, at) => sum + each / Math.log2(at + 2), 0);

/**
 * Normalised discounted cumulative gain of a ranking's first `k`; 1 is the best order there is. The gain is the
 * relevance itself, as in trec_eval's `ndcg_cut` and so in BEIR's figures.
 */
export function ndcgAt(k: number, ranking: readonly string[], relevance: Relevance): number {
  const ideal = [...relevance.values()].map(gain).toSorted((a, b) => b - a);
  const best = discounted(ideal.slice(0, k));
  if (best === 0) return 0;
  return discounted(ranking.slice(0, k).map((id) => gain(relevance.get(id) ?? 0))) / best;
}

/** The share of the relevant documents that are among a ranking's first `k`. */
export function recallAt(k: number, ranking: readonly string[], relevance: Relevance): number {
  const relevant = [...relevance].filter(([, score]) => score > 0);
  if (relevant.length === 0) return 0;
  const first = new Set(ranking.slice(0, k));
  return relevant.filter(([id]) => first.has(id)).length / relevant.length;
}

/** 1 / the rank of the first relevant document among the first `k`, 0 where there is none; its mean is MRR. */
export function reciprocalRankAt(k: number, ranking: readonly string[], relevance: Relevance): number {
  const at = ranking.slice(0, k).findIndex((id) => (relevance.get(id) ?? 0) > 0);
  return at === -1 ? 0 : 1 / (at + 1);
}

/** A mean and the interval that holds the true one with 95 % confidence. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/** The mean of a figure over queries, with its 95 % interval by bootstrap; the same values give the same interval. */
export function estimateMean(
  values: readonly number[],
  { seed = 1 }: { readonly seed?: number } = {},
): Estimate {
  if (values.length === 0) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN };
  const random = seededRandom(seed);
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let drawn = 0; drawn < values.length; drawn += 1) {
      sum += values[Math.floor(random() * values.length)] ?? 0;
    }
    return sum / values.length;
  }).toSorted((a, b) => a - b);
  const at = (share: number): number => means[Math.round(share * (RESAMPLES - 1))] ?? Number.NaN;
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    low: at(0.025),
    high: at(0.975),
  };
}

/** Numbers from 0 to 1, the same ones for the same seed. Source: mulberry32, public domain. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
