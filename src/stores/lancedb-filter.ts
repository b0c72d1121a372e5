import { compileFilters } from './compile-filters.ts';
import { documentField, metadataKey } from './lancedb-filter-subject.ts';
import type { MetadataFilters } from './metadata-filters.ts';

/**
 * Filters as a SQL predicate over a collection's rows: true or false for every row, never NULL, so that a
 * negation is exact. Keys and values enter it as quoted literals only. Throws InvalidInputError for what it cannot compare.
 */
export function filtersAsSql(filters: MetadataFilters): string {
  return compileFilters(filters, {
    subject: (key) => documentField(key) ?? metadataKey(key),
    and: (terms) => join('AND', terms),
    or: (terms) => join('OR', terms),
    not: (term) => `(NOT ${term})`,
  });
}

// A balanced tree: the depth the SQL planner recurses to grows with the logarithm of the terms.
function join(operator: 'AND' | 'OR', terms: readonly string[]): string {
  const [first] = terms;
  if (first === undefined) return operator === 'AND' ? 'true' : 'false';
  if (terms.length === 1) return first;
  const middle = terms.length >> 1;
  return `(${join(operator, terms.slice(0, middle))} ${operator} ${join(operator, terms.slice(middle))})`;
}
