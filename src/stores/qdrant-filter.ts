import type { Schemas } from '@qdrant/js-client-rest';
import { InvalidInputError } from '../errors.ts';
import { type Comparison, compileFilters, type FilterSubject, type Scalar } from './compile-filters.ts';
import { DOCUMENT_FIELDS, onlyComparable } from './document-fields.ts';
import { FACT_KINDS } from './metadata-facts.ts';
import type { MetadataFilters } from './metadata-filters.ts';
import { fact, MAX_BOUND_BYTES, orderParts } from './qdrant-facts.ts';

/** A filter of Qdrant's. */
export type QdrantFilter = Schemas['Filter'];
type Condition = NonNullable<Schemas['Condition']>;

/**
 * Filters as Qdrant takes them: true or false for every chunk, so that a negation is exact. Keys and values enter as
 * values alone, never as paths. Throws InvalidInputError for what cannot be compared.
 */
export function filtersForQdrant(filters: MetadataFilters): QdrantFilter {
  return compileFilters<QdrantFilter>(filters, {
    subject(key) {
      const type = DOCUMENT_FIELDS.get(key);
      return type === undefined ? subjectOf(key) : onlyComparable(key, type, subjectOf(key));
    },
    and: (terms) => ({ must: [...terms] }),
    or: (terms) => (terms.length === 0 ? NEVER : { should: [...terms] }),
    not: (term) => ({ must_not: [term] }),
  });
}

/** No fact is empty. */
const NEVER: QdrantFilter = { must: [hasFact('')] };

const RANGES = { '>': 'gt', '>=': 'gte', '<': 'lt', '<=': 'lte' } as const;

function subjectOf(key: string): FilterSubject<QdrantFilter> {
  const k = key.toWellFormed();
  // The index finds those that have the key at all; only they are looked into.
  const within = (list: 'numbers' | 'texts', conditions: readonly Condition[]): QdrantFilter => ({
    must: [
      hasFact(fact(list === 'numbers' ? 'number' : 'string', key)),
      { nested: { key: list, filter: { must: [{ key: 'k', match: { value: k } }, ...conditions] } } },
    ],
  });
  return {
    equalsAny: (values) => hasAny(values.map((value) => fact(scalarKind(value), key, value))),
    compare: (comparison, bound) =>
      typeof bound === 'number'
        ? within('numbers', [{ key: 'v', range: { [RANGES[comparison]]: bound } }])
        : within('texts', [compareText(key, comparison, bound)]),
    holds: (value) => ({
      must: [hasFact(fact(typeof value === 'number' ? 'numbers' : 'strings', key, value))],
    }),
    includes: (text, { ignoreCase }) => {
      const needle = text.toWellFormed();
      const condition: Condition = ignoreCase
        ? { key: 'l', match: { text: needle.toLowerCase() } }
        : { key: 'v', match: { text: needle } };
      return within('texts', [condition]);
    },
    isEmpty: () => ({
      should: [
        { must_not: [hasAny(FACT_KINDS.map((kind) => fact(kind, key)))] },
        hasFact(fact('string', key, '')),
      ],
    }),
  };
}

const scalarKind = (value: Scalar): 'string' | 'number' | 'boolean' =>
  typeof value as 'string' | 'number' | 'boolean';

function hasFact(value: string): Condition {
  return { key: 'facts', match: { value } };
}

function hasAny(facts: readonly string[]): QdrantFilter {
  const any = [...new Set(facts)];
  return any.length === 0 ? NEVER : { must: [{ key: 'facts', match: { any } }] };
}

/** Qdrant compares numbers alone, so texts are compared part by part: the first that differs decides. */
function compareText(key: string, comparison: Comparison, bound: string): QdrantFilter {
  if (Buffer.byteLength(bound) > MAX_BOUND_BYTES) {
    throw new InvalidInputError(
      `The filters compare ${JSON.stringify(key)} with a text of more than ${MAX_BOUND_BYTES} bytes by ${comparison}, which a store in Qdrant cannot: give a shorter bound.`,
      { field: 'filters' },
    );
  }
  const parts = orderParts(bound.toWellFormed(), Number.POSITIVE_INFINITY);
  const same = parts.map((value, at): Condition => ({ key: `p${at}`, match: { value } }));
  const strict = comparison.startsWith('>') ? 'gt' : 'lt';
  const differ = parts.map((value, at): Condition => ({
    must: [...same.slice(0, at), { key: `p${at}`, range: { [strict]: value } }],
  }));
  return { should: comparison.endsWith('=') ? [...differ, { must: same }] : differ };
}
