import type { SimulatedCollection } from './qdrant-collection.ts';
import { compileFilter } from './qdrant-conditions.ts';
import { valuesAt } from './qdrant-payload.ts';
import { denseScore, diversify, fuseByDistribution, fuseByRank, isSmallerBetter } from './qdrant-scores.ts';
import {
  isObject,
  isSparse,
  objectsOf,
  type Point,
  QdrantRefusal,
  type ScoredPoint,
  textOr,
  wrongInput,
} from './qdrant-wire.ts';

const DEFAULT_LIMIT = 10;

/** Runs a request of the query interface: its prefetches first, then the query over what they found. */
export function runQuery(
  collection: SimulatedCollection,
  request: Record<string, unknown>,
): readonly ScoredPoint[] {
  const limit = numberOr(request['limit'], DEFAULT_LIMIT);
  const offset = numberOr(request['offset'], 0);
  if (limit < 1)
    throw new QdrantRefusal(
      422,
      'Validation error in JSON body: [limit: must be greater than or equal to 1]',
    );
  const lists = objectsOf(request['prefetch']).map((prefetch) => runQuery(collection, prefetch));
  const ranked = rank(collection, request, { lists, limit: limit + offset });
  return ranked.slice(offset, offset + limit);
}

interface Frame {
  /** What the prefetches found; none without them. */
  readonly lists: readonly (readonly ScoredPoint[])[];
  readonly limit: number;
}

function rank(
  collection: SimulatedCollection,
  request: Record<string, unknown>,
  frame: Frame,
): readonly ScoredPoint[] {
  const { query, filter, score_threshold: threshold } = request;
  const test = compileFilter(filter);
  const passing = (points: readonly ScoredPoint[]) => points.filter(({ point }) => test(point));
  if (isObject(query) && !isSparse(query)) {
    if ('fusion' in query || 'rrf' in query) {
      return aboveThreshold(passing(fuse(query, frame)), threshold);
    }
    if ('order_by' in query) return orderBy(collection, query['order_by'], pool(collection, frame, filter));
    if (!('nearest' in query)) {
      throw new QdrantRefusal(501, `The simulator has no query like ${Object.keys(query).join(', ')}.`);
    }
  }
  if (query === undefined || query === null) {
    return pool(collection, frame, filter).map((point) => ({ point, score: 0 }));
  }
  const nearest = isObject(query) && 'nearest' in query ? query['nearest'] : query;
  const mmr = isObject(query) && isObject(query['mmr']) ? query['mmr'] : undefined;
  const among =
    frame.lists.length === 0 ? undefined : new Set(pool(collection, frame, filter).map(({ id }) => id));
  const found = search(collection, {
    vector: nearest,
    using: textOr(request['using'], ''),
    threshold,
  }).filter(({ point }) => test(point) && (among?.has(point.id) ?? true));
  if (mmr === undefined) return found;
  return diversifyFound(collection, found, {
    mmr,
    using: textOr(request['using'], ''),
    limit: frame.limit,
  });
}

/** All points in order of how near they are; sparse ones only where they share a word. */
function search(
  collection: SimulatedCollection,
  {
    vector,
    using,
    threshold,
  }: { readonly vector: unknown; readonly using: string; readonly threshold: unknown },
): readonly ScoredPoint[] {
  const given =
    typeof vector === 'string' || typeof vector === 'number'
      ? storedVector(collection, vector, using)
      : vector;
  const wanted = collection.checkVector(using, given);
  const sparse = collection.sparse.get(using);
  if (isSparse(wanted) && sparse !== undefined) {
    const scores = [...sparse.index.scores(wanted, sparse)].flatMap(([id, score]) => {
      const point = collection.get(id);
      return point === undefined ? [] : [{ point, score: Math.fround(score) }];
    });
    return aboveThreshold(byScore(scores), threshold);
  }
  const distance = collection.dense.get(using)?.distance ?? 'Cosine';
  const isSmaller = isSmallerBetter(distance);
  const scores = collection.matching(undefined).flatMap((point) => {
    const own = point.vectors.get(using);
    if (own === undefined || isSparse(own) || isSparse(wanted)) return [];
    return [{ point, score: Math.fround(denseScore(distance, wanted, own)) }];
  });
  return aboveThreshold(byScore(scores, isSmaller), threshold, isSmaller);
}

function storedVector(collection: SimulatedCollection, id: string | number, using: string): unknown {
  const vector = collection.get(id)?.vectors.get(using);
  if (vector === undefined) throw new QdrantRefusal(404, `Not found: No point with id ${id} found`);
  return vector;
}

// Stable, so that ties stay in the order of ids.
const byScore = (points: readonly ScoredPoint[], isSmaller = false): readonly ScoredPoint[] =>
  points.toSorted((a, b) => (isSmaller ? a.score - b.score : b.score - a.score));

function aboveThreshold(
  points: readonly ScoredPoint[],
  threshold: unknown,
  isSmaller = false,
): readonly ScoredPoint[] {
  if (typeof threshold !== 'number') return points;
  return points.filter(({ score }) => (isSmaller ? score <= threshold : score >= threshold));
}

function fuse(query: Record<string, unknown>, { lists }: Frame): readonly ScoredPoint[] {
  if (lists.length === 0) throw wrongInput('a fusion query needs prefetches');
  if (query['fusion'] === 'dbsf') return fuseByDistribution(lists);
  const { k, weights } = isObject(query['rrf']) ? query['rrf'] : { k: undefined, weights: undefined };
  if (Array.isArray(weights) && weights.length !== lists.length) {
    throw wrongInput(
      `Number of weights in RRF should match number of pre-fetches: got ${weights.length}, expected ${lists.length}`,
    );
  }
  return fuseByRank(lists, {
    k: numberOr(k, 2),
    weights: Array.isArray(weights) ? (weights as readonly number[]) : undefined,
  });
}

function pool(collection: SimulatedCollection, { lists }: Frame, filter: unknown): readonly Point[] {
  if (lists.length === 0) return collection.matching(filter);
  const test = compileFilter(filter);
  return [...new Set(lists.flat().map(({ point }) => point))].filter((point) => test(point));
}

/** Points with a number at a key, in its order; the key needs an index, as in Qdrant. */
export function orderBy(
  collection: SimulatedCollection,
  order: unknown,
  points: readonly Point[],
): readonly ScoredPoint[] {
  const {
    key,
    direction,
    start_from: start,
  } = isObject(order) ? order : { key: order, direction: undefined, start_from: undefined };
  const schema = collection.indexes.get(String(key));
  const type = isObject(schema) ? schema['type'] : schema;
  if (type !== 'integer' && type !== 'float' && type !== 'datetime') {
    throw wrongInput(
      `No range index for \`order_by\` key: \`${String(key)}\`. Please create one to use \`order_by\`.`,
    );
  }
  const sign = direction === 'desc' ? -1 : 1;
  return points
    .flatMap((point) =>
      valuesAt(point.payload, String(key))
        .filter((value) => typeof value === 'number')
        .map((orderValue) => ({ point, score: 0, orderValue })),
    )
    .filter(({ orderValue }) => typeof start !== 'number' || sign * (orderValue - start) >= 0)
    .toSorted((a, b) => sign * (a.orderValue - b.orderValue));
}

function diversifyFound(
  collection: SimulatedCollection,
  found: readonly ScoredPoint[],
  {
    mmr,
    using,
    limit,
  }: { readonly mmr: Record<string, unknown>; readonly using: string; readonly limit: number },
): readonly ScoredPoint[] {
  const distance = collection.dense.get(using)?.distance ?? 'Dot';
  const similarity = (a: Point, b: Point): number => {
    const [x, y] = [a.vectors.get(using), b.vectors.get(using)];
    return x === undefined || y === undefined || isSparse(x) || isSparse(y) ? 0 : denseScore(distance, x, y);
  };
  const candidates = found.slice(0, numberOr(mmr['candidates_limit'], limit));
  return diversify(candidates, similarity, { diversity: numberOr(mmr['diversity'], 0.5), limit });
}

export function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
