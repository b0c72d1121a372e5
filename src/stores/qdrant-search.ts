import type { Schemas } from '@qdrant/js-client-rest';
import type { ScoredChunk } from '../documents/document.ts';
import { queryTerms } from '../embeddings/bm25-terms.ts';
import { InvalidInputError, NotImplementedError } from '../errors.ts';
import { isVector } from './check-documents.ts';
import type { QdrantCollection } from './qdrant-collection.ts';
import type { Call, ServerVersion } from './qdrant-connection.ts';
import { filtersForQdrant, type QdrantFilter } from './qdrant-filter.ts';
import { readPending } from './qdrant-pending.ts';
import {
  CHUNK_FIELDS,
  decodeChunk,
  DENSE,
  documentIdOf,
  type Payload,
  TERMS,
  versionOf,
} from './qdrant-points.ts';
import { readVersions } from './qdrant-reader.ts';
import type { VectorStoreQuery } from './vector-store.ts';

/** How a store searches where there is a choice. */
export interface QdrantSearchOptions {
  /** How the rankings of a hybrid search become one, in the server. @default 'rrf' */
  readonly fusion?: 'rrf' | 'dbsf' | undefined;
  /** The weight of vectors against words in a hybrid search: 0 is words alone, 1 vectors alone. @default 0.5 */
  readonly alpha?: number | undefined;
  /** Chunks that score less are left away by the server; not for hybrid searches, whose scores are ranks. */
  readonly scoreThreshold?: number | undefined;
  /** Prefers chunks that differ from each other in a search by vector: 0 by relevance alone, 1 by difference alone. */
  readonly mmr?: { readonly diversity: number; readonly candidates?: number | undefined } | undefined;
}

type Request = Omit<Schemas['QueryRequest'], 'limit' | 'filter'>;
type Build = (filter: QdrantFilter | undefined, limit: number) => Request;

const MAX_QUERY_CHARACTERS = 2000;
const MAX_TOP_K = 1000;
/** Fusion needs rankings longer than its result: a chunk good in both may be the best of neither. */
const MIN_CANDIDATES = 20;
/** As the paper has it; Qdrant counts ranks from 0, so its k is one more. */
const RRF_K = 61;
/** Qdrant's weights stretch the ranks, which a k as large as that hides; this is its own default. */
const WEIGHTED_RRF_K = 2;
const MAX_ROUNDS = 6;
/** The versions of the server that each came with. */
const SINCE = { mmr: 15, rrfK: 16, rrfWeights: 17 } as const;

/**
 * Searches a collection, and gives nothing but chunks of the versions to read. Those of versions being written are
 * found too, so every answer is compared with the documents' points, and asked again without what is not to be read.
 */
export async function searchQdrant(
  collection: QdrantCollection,
  query: VectorStoreQuery,
  options: QdrantSearchOptions & {
    readonly dimension: number | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<readonly ScoredChunk[]> {
  const build = buildSearch(query, { ...options, version: collection.version });
  const filter = query.filters === undefined ? undefined : filtersForQdrant(query.filters);
  if (build === undefined) return [];
  const call: Call = { what: 'The search', signal: options.signal };
  let excluded: readonly QdrantFilter[] = [];
  for (let round = 1; ; round += 1) {
    const found = await ask(collection, build, {
      filter: without(filter, excluded),
      limit: query.topK,
      call,
    });
    const ids = [...new Set(found.map(({ payload }) => documentIdOf(payload)))];
    const current = await readVersions(collection, ids, call);
    const isCurrent = ({ payload }: Found) => current.get(documentIdOf(payload)) === versionOf(payload);
    const stale = found.filter((each) => !isCurrent(each));
    if (stale.length === 0 || round === MAX_ROUNDS) {
      return found.filter(isCurrent).map(({ payload, score }) => ({ chunk: decodeChunk(payload), score }));
    }
    const pairs = stale.map(({ payload }) => notVersion(versionOf(payload), [documentIdOf(payload)]));
    // What was stale before may be the version to read by now, so all is found out anew.
    excluded = [...pairs, ...(await unreadVersions(collection, call))];
  }
}

interface Found {
  readonly payload: Payload;
  readonly score: number;
}

async function ask(
  { connection, name }: QdrantCollection,
  build: Build,
  {
    filter,
    limit,
    call,
  }: { readonly filter: QdrantFilter | undefined; readonly limit: number; readonly call: Call },
): Promise<readonly Found[]> {
  const { points } = await connection.call(call, async (api, init) =>
    api.queryPoints(
      { collection_name: name, ...build(filter, limit), limit, with_payload: [...CHUNK_FIELDS] },
      init,
    ),
  );
  return points.map(({ payload, score }) => ({ payload: payload ?? {}, score }));
}

function without(
  filter: QdrantFilter | undefined,
  excluded: readonly QdrantFilter[],
): QdrantFilter | undefined {
  if (excluded.length === 0) return filter;
  return { ...(filter !== undefined && { must: [filter] }), must_not: [...excluded] };
}

const notVersion = (version: string, documentIds: readonly string[]): QdrantFilter => ({
  must: [
    { key: 'version', match: { value: version } },
    { key: 'document_id', match: { any: [...documentIds] } },
  ],
});

/** The versions that are being written, for the documents that are not switched to them. */
async function unreadVersions(collection: QdrantCollection, call: Call): Promise<readonly QdrantFilter[]> {
  const pending = await readPending(collection, call);
  const ids = [...new Set(pending.flatMap(({ documentIds }) => documentIds))];
  const current = await readVersions(collection, ids, call);
  return pending.flatMap(({ version, documentIds }) => {
    const unread = documentIds.filter((id) => current.get(id) !== version);
    return unread.length === 0 ? [] : [notVersion(version, unread)];
  });
}

/** How a query is asked, by its mode; undefined where nothing can be found. Throws for what cannot be asked. */
function buildSearch(
  query: VectorStoreQuery,
  options: QdrantSearchOptions & { readonly dimension: number | undefined; readonly version: ServerVersion },
): Build | undefined {
  if (!Number.isInteger(query.topK) || query.topK < 1 || query.topK > MAX_TOP_K) {
    throw new InvalidInputError(`topK is ${query.topK}: give a whole number from 1 to ${MAX_TOP_K}.`, {
      field: 'topK',
    });
  }
  const { alpha = 0.5, scoreThreshold } = options;
  const threshold = scoreThreshold === undefined ? {} : { score_threshold: scoreThreshold };
  switch (query.mode) {
    case 'sparse': {
      const terms = checkText(query);
      return terms && ((filter) => ({ query: terms, using: TERMS, ...withFilter(filter), ...threshold }));
    }
    case 'default': {
      const vector = checkVector(query, options.dimension);
      return (filter, limit) => ({
        query: nearest(vector, limit, options),
        using: DENSE,
        ...withFilter(filter),
        ...threshold,
      });
    }
    case 'hybrid': {
      refuseInHybrid(options);
      // Both are checked, whichever is asked in the end.
      const terms = checkText(query);
      const vector = checkVector(query, options.dimension);
      if (alpha === 0) return terms && ((filter) => ({ query: terms, using: TERMS, ...withFilter(filter) }));
      if (alpha === 1) return (filter) => ({ query: vector, using: DENSE, ...withFilter(filter) });
      return (filter, limit) => {
        const each = { limit: Math.max(limit, MIN_CANDIDATES), ...withFilter(filter) };
        const byVector = { query: vector, using: DENSE, ...each };
        // A question without a word that counts has no ranking by words.
        const byWords = terms === undefined ? [] : [{ query: terms, using: TERMS, ...each }];
        return { prefetch: [byVector, ...byWords], query: fuse(options, 1 + byWords.length) };
      };
    }
    default:
      throw new NotImplementedError(
        `A store in Qdrant has no search in the mode ${JSON.stringify(query.mode satisfies never)}: use sparse, default or hybrid.`,
      );
  }
}

function refuseInHybrid({ mmr, scoreThreshold }: QdrantSearchOptions): void {
  if (mmr !== undefined) {
    throw new NotImplementedError(
      'A hybrid search in Qdrant cannot prefer chunks that differ (mmr): search in the mode default, or leave it away.',
    );
  }
  if (scoreThreshold !== undefined) {
    throw new NotImplementedError(
      'The scores of a hybrid search in Qdrant are made of ranks, so a scoreThreshold means nothing: leave it away.',
    );
  }
}

const withFilter = (filter: QdrantFilter | undefined) => (filter === undefined ? {} : { filter });

function fuse(
  { fusion = 'rrf', alpha = 0.5, version }: QdrantSearchOptions & { readonly version: ServerVersion },
  rankings: number,
) {
  if (fusion === 'dbsf') {
    if (alpha === 0.5) return { fusion: 'dbsf' as const };
    throw new NotImplementedError(
      `Qdrant has no weights for the fusion dbsf: set alpha to 0, 0.5 or 1, or the fusion to rrf.`,
    );
  }
  if (alpha === 0.5) return version.minor < SINCE.rrfK ? { fusion: 'rrf' as const } : { rrf: { k: RRF_K } };
  // An older server would leave the weights away without a word.
  requireMinor(version, SINCE.rrfWeights, `alpha ${alpha}`);
  return { rrf: { k: WEIGHTED_RRF_K, weights: [2 * alpha, 2 * (1 - alpha)].slice(0, rankings) } };
}

function nearest(
  vector: number[],
  limit: number,
  { mmr, version }: QdrantSearchOptions & { readonly version: ServerVersion },
) {
  if (mmr === undefined) return vector;
  requireMinor(version, SINCE.mmr, 'mmr');
  // There is something to choose from only where more are found than are given.
  const candidates = mmr.candidates ?? Math.max(4 * limit, MIN_CANDIDATES);
  return { nearest: vector, mmr: { diversity: mmr.diversity, candidates_limit: candidates } };
}

function requireMinor(version: ServerVersion, minor: number, what: string): void {
  if (version.minor >= minor) return;
  throw new NotImplementedError(
    `Qdrant ${version.text} cannot search with ${what}, which came with 1.${minor}: upgrade the server, or leave it away.`,
  );
}

function checkText({ mode, text }: VectorStoreQuery) {
  if (typeof text !== 'string') {
    throw new InvalidInputError(`A ${mode} search needs a text.`, { field: 'text' });
  }
  const { indices, values } = queryTerms(text.slice(0, MAX_QUERY_CHARACTERS));
  return indices.length === 0 ? undefined : { indices: [...indices], values: [...values] };
}

function checkVector({ vector }: VectorStoreQuery, dimension: number | undefined): number[] {
  if (dimension === undefined) {
    throw new InvalidInputError('This store was opened without vectors: search it in the mode sparse.', {
      field: 'mode',
    });
  }
  if (vector === undefined || !isVector(vector, dimension)) {
    throw new InvalidInputError(
      `A search by vector needs one of ${dimension} finite numbers, not of ${vector?.length ?? 0}.`,
      { field: 'vector' },
    );
  }
  return [...vector];
}
