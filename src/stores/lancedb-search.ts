import type { VectorQuery, Query } from '@lancedb/lancedb';
import { InvalidInputError, NotImplementedError } from '../errors.ts';
import { isVector } from './check-documents.ts';
import type { Collection } from './lancedb-collection.ts';
import { filtersAsSql } from './lancedb-filter.ts';
import { CHUNK_COLUMNS } from './lancedb-rows.ts';
import type { VectorStoreQuery } from './vector-store.ts';

/** A search costs in proportion to its words; nobody asks more of them in a question. */
const MAX_QUERY_CHARACTERS = 2000;
const MAX_TOP_K = 1000;

/** A search of a collection, ready to run, and the score of a row of its answer. */
export interface Search {
  readonly query: Query | VectorQuery;
  readonly scoreColumn: string;
  readonly score: (value: number) => number;
}

/** Builds the search a query asks for; throws InvalidInputError for what a collection cannot be asked. */
export function buildSearch(
  { lancedb, table }: Collection,
  query: VectorStoreQuery,
  dimension: number | undefined,
): Search {
  if (!Number.isInteger(query.topK) || query.topK < 1 || query.topK > MAX_TOP_K) {
    throw new InvalidInputError(`topK is ${query.topK}: give a whole number from 1 to ${MAX_TOP_K}.`, {
      field: 'topK',
    });
  }
  const search = query.mode === 'sparse' ? bySimilarWords() : bySimilarVector();
  search.query.select([...CHUNK_COLUMNS, search.scoreColumn]).limit(query.topK);
  if (query.filters !== undefined) search.query.where(filtersAsSql(query.filters));
  return search;

  function bySimilarWords(): Search {
    if (typeof query.text !== 'string') {
      throw new InvalidInputError('A sparse search needs a text.', { field: 'text' });
    }
    const words = new lancedb.MatchQuery(query.text.slice(0, MAX_QUERY_CHARACTERS), 'searched_text');
    return { query: table.query().fullTextSearch(words), scoreColumn: '_score', score: (value) => value };
  }

  function bySimilarVector(): Search {
    if (query.mode === 'hybrid') {
      throw new NotImplementedError(
        'LanceDBStore has no hybrid search of its own: VectorIndexRetriever fuses its two.',
      );
    }
    if (dimension === undefined) {
      throw new InvalidInputError('This store was opened without vectors: search it in the mode sparse.', {
        field: 'mode',
      });
    }
    if (query.vector === undefined || !isVector(query.vector, dimension)) {
      throw new InvalidInputError(
        `A search by vector needs one of ${dimension} finite numbers, not of ${query.vector?.length ?? 0}.`,
        { field: 'vector' },
      );
    }
    return {
      query: table.query().nearestTo(query.vector).column('vector').distanceType('cosine'),
      scoreColumn: '_distance',
      // A vector of zeros is at no distance from anything.
      score: (distance) => (Number.isFinite(distance) ? 1 - distance : 0),
    };
  }
}
