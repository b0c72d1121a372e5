import { InvalidInputError } from '../errors.ts';
import { FILTER_OPERATORS, type MetadataFilter, type MetadataFilters } from './metadata-filters.ts';

/** A single value a filter compares with. */
export type Scalar = string | number | boolean;

/** How a bound is compared. */
export type Comparison = '>' | '>=' | '<' | '<=';

/** What a filter's key names, in a store's own language; every answer is true or false, never unknown. */
export interface FilterSubject<Predicate> {
  equalsAny(values: readonly Scalar[]): Predicate;
  compare(comparison: Comparison, bound: string | number): Predicate;
  /** True where it is a list with this value in it. */
  holds(value: string | number): Predicate;
  /** True where it is a text with this one in it. */
  includes(text: string, options: { readonly ignoreCase: boolean }): Predicate;
  isEmpty(): Predicate;
}

/** What a store says its filters in. */
export interface FilterLanguage<Predicate> {
  subject(key: string): FilterSubject<Predicate>;
  /** True where all are; of none, true. */
  and(terms: readonly Predicate[]): Predicate;
  /** True where one is; of none, false. */
  or(terms: readonly Predicate[]): Predicate;
  not(term: Predicate): Predicate;
}

const MAX_COMPARISONS = 1000;
const MAX_DEPTH = 20;

/**
 * Filters as a predicate of a store: true or false for everything stored, so that a negation is exact. A key no
 * document has equals nothing, differs from everything and is empty. Throws InvalidInputError for what cannot be
 * compared, so that no filter is ever widened in silence.
 */
export function compileFilters<Predicate>(
  filters: MetadataFilters,
  language: FilterLanguage<Predicate>,
): Predicate {
  let comparisons = 0;
  const compile = (member: MetadataFilter | MetadataFilters, depth: number): Predicate => {
    if (!('filters' in member)) {
      comparisons += 1;
      if (comparisons > MAX_COMPARISONS) throw refuse(`more than ${MAX_COMPARISONS} comparisons`);
      return compileFilter(member, language);
    }
    if (depth === MAX_DEPTH) throw refuse(`groups more than ${MAX_DEPTH} levels deep`);
    if (member.filters.length === 0) throw refuse('an empty group: leave the filters away instead');
    const terms = member.filters.map((inner) => compile(inner, depth + 1));
    const condition = member.condition ?? 'and';
    if (condition === 'and') return language.and(terms);
    if (condition === 'or') return language.or(terms);
    if (condition === 'not') return language.not(language.or(terms));
    throw refuse(`the condition ${JSON.stringify(condition)}: use and, or, not`);
  };
  return compile(filters, 0);
}

function compileFilter<Predicate>(filter: MetadataFilter, language: FilterLanguage<Predicate>): Predicate {
  const { key, operator = '==', value } = filter;
  if (typeof key !== 'string' || key === '') throw refuse('a comparison without a key');
  const subject = language.subject(key);
  switch (operator) {
    case '==':
      return subject.equalsAny([scalar(filter)]);
    case '!=':
      return language.not(subject.equalsAny([scalar(filter)]));
    case 'in':
      return subject.equalsAny(list(filter));
    case 'nin':
      return language.not(subject.equalsAny(list(filter)));
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
      return language.or(list(filter).map((item) => subject.holds(element(filter, item))));
    case 'all': {
      const items = list(filter);
      if (items.length === 0) throw refuse(`${name(filter)} with an empty list: give at least one value`);
      return language.and(items.map((item) => subject.holds(element(filter, item))));
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

function refuse(what: string): InvalidInputError {
  return new InvalidInputError(`The filters have ${what}.`, { field: 'filters' });
}
