import { InvalidInputError } from '../errors.ts';
import { type FilterSubject, documentField, metadataKey, type Scalar } from './lancedb-filter-subject.ts';
import { FILTER_OPERATORS, type MetadataFilter, type MetadataFilters } from './metadata-filters.ts';

const MAX_COMPARISONS = 1000;
const MAX_DEPTH = 20;

/**
 * Filters as a SQL predicate over a collection's rows: true or false for every row, never NULL, so that a
 * negation is exact. Keys and values enter it as quoted literals only. A key no document has equals nothing,
 * differs from everything and is empty. Throws InvalidInputError for what it cannot compare.
 */
export function compileFilters(filters: MetadataFilters): string {
  let comparisons = 0;
  const compile = (member: MetadataFilter | MetadataFilters, depth: number): string => {
    if (!('filters' in member)) {
      comparisons += 1;
      if (comparisons > MAX_COMPARISONS) throw refuse(`more than ${MAX_COMPARISONS} comparisons`);
      return compileFilter(member);
    }
    if (depth === MAX_DEPTH) throw refuse(`groups more than ${MAX_DEPTH} levels deep`);
    if (member.filters.length === 0) throw refuse('an empty group: leave the filters away instead');
    const terms = member.filters.map((inner) => compile(inner, depth + 1));
    const condition = member.condition ?? 'and';
    if (condition === 'and') return join('AND', terms);
    if (condition === 'or') return join('OR', terms);
    if (condition === 'not') return `(NOT ${join('OR', terms)})`;
    throw refuse(`the condition ${JSON.stringify(condition)}: use and, or, not`);
  };
  return compile(filters, 0);
}

function compileFilter(filter: MetadataFilter): string {
  const { key, operator = '==', value } = filter;
  if (typeof key !== 'string' || key === '') throw refuse('a comparison without a key');
  const subject: FilterSubject = documentField(key) ?? metadataKey(key);
  switch (operator) {
    case '==':
      return subject.equalsAny([scalar(filter)]);
    case '!=':
      return `(NOT ${subject.equalsAny([scalar(filter)])})`;
    case 'in':
      return subject.equalsAny(list(filter));
    case 'nin':
      return `(NOT ${subject.equalsAny(list(filter))})`;
    case '>':
    case '>=':
    case '<':
    case '<=': {
      const bound = scalar(filter);
      if (typeof bound === 'boolean') throw refuse(`${name(filter)} with a boolean: give a number or a text`);
      return subject.compare(operator, bound);
    }
    case 'contains':
      return subject.holds(element(filter, scalar(filter)));
    case 'any':
      return join(
        'OR',
        list(filter).map((item) => subject.holds(element(filter, item))),
      );
    case 'all': {
      const items = list(filter);
      if (items.length === 0) throw refuse(`${name(filter)} with an empty list: give at least one value`);
      return join(
        'AND',
        items.map((item) => subject.holds(element(filter, item))),
      );
    }
    case 'text_match':
    case 'text_match_insensitive':
      if (typeof value !== 'string' || value === '')
        throw refuse(`${name(filter)} without a text to look for`);
      return subject.includes(value, { ignoreCase: operator === 'text_match_insensitive' });
    case 'is_empty':
      if (value !== undefined && value !== null) {
        throw refuse(`${name(filter)} with a value: it takes none; negate it with the condition "not"`);
      }
      return subject.isEmpty();
    default:
      throw refuse(`the operator ${JSON.stringify(operator)}: use one of ${FILTER_OPERATORS.join(', ')}`);
  }
}

function scalar(filter: MetadataFilter): Scalar {
  const { value } = filter;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw refuse(
    `${name(filter)} with ${JSON.stringify(value) ?? 'no value'}: give a text, a number or a boolean`,
  );
}

function list(filter: MetadataFilter): readonly Scalar[] {
  const { value } = filter;
  if (!Array.isArray(value))
    throw refuse(`${name(filter)} with ${JSON.stringify(value) ?? 'no value'}: give a list`);
  return (value as readonly Scalar[]).map((item) => scalar({ ...filter, value: item }));
}

/** Lists in metadata hold texts or numbers. */
function element(filter: MetadataFilter, value: Scalar): string | number {
  if (typeof value !== 'boolean') return value;
  throw refuse(`${name(filter)} with a boolean: lists hold texts or numbers`);
}

const name = ({ key, operator = '==' }: MetadataFilter): string => `${operator} on ${JSON.stringify(key)}`;

// A balanced tree: the depth the SQL planner recurses to grows with the logarithm of the terms.
function join(operator: 'AND' | 'OR', terms: readonly string[]): string {
  const [first] = terms;
  if (first === undefined) return operator === 'AND' ? 'true' : 'false';
  if (terms.length === 1) return first;
  const middle = terms.length >> 1;
  return `(${join(operator, terms.slice(0, middle))} ${operator} ${join(operator, terms.slice(middle))})`;
}

function refuse(what: string): InvalidInputError {
  return new InvalidInputError(`The filters have ${what}.`, { field: 'filters' });
}
