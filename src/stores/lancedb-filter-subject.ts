import { InvalidInputError } from '../errors.ts';
import { escapeFact, fact, FACT_DELIMITER, FACT_KINDS, type FactKind, factPrefix } from './metadata-facts.ts';

/** A single value a filter compares with. */
export type Scalar = string | number | boolean;

/** How a bound is compared. */
export type Comparison = '>' | '>=' | '<' | '<=';

/** What a filter's key names, as SQL: every answer is true or false, never NULL. */
export interface FilterSubject {
  equalsAny(values: readonly Scalar[]): string;
  compare(comparison: Comparison, bound: string | number): string;
  /** True where it is a list with this value in it. */
  holds(value: string | number): string;
  /** True where it is a text with this one in it. */
  includes(text: string, options: { readonly ignoreCase: boolean }): string;
  isEmpty(): string;
}

/** A text as a SQL literal; a quote is the only character that means something inside. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const number = (value: number): string => `CAST(${literal(String(value))} AS DOUBLE)`;

/** A key of the documents' metadata; one no document has is empty. */
export function metadataKey(key: string): FilterSubject {
  const has = (text: string) => `(strpos(facts, ${literal(text)}) > 0)`;
  // '' also where there is no such fact: whoever must tell the two apart asks `has` first.
  const value = (kind: FactKind) =>
    `split_part(split_part(facts, ${literal(factPrefix(kind, key))}, 2), ${literal(FACT_DELIMITER)}, 1)`;
  return {
    equalsAny(values) {
      const groups = (['string', 'number', 'boolean'] as const).map((kind) => {
        const wanted = values.filter((item) => typeof item === kind);
        const [first] = wanted;
        if (first === undefined) return undefined;
        if (wanted.length === 1) return has(fact(kind, key, first));
        const spellings = wanted.map((item) => literal(escapeFact(item))).join(', ');
        return `(${has(factPrefix(kind, key))} AND ${value(kind)} IN (${spellings}))`;
      });
      const terms = groups.filter((term) => term !== undefined);
      return terms.length === 0 ? 'false' : `(${terms.join(' OR ')})`;
    },
    compare: (comparison, bound) =>
      typeof bound === 'number'
        ? `coalesce(TRY_CAST(${value('number')} AS DOUBLE) ${comparison} ${number(bound)}, false)`
        : `(${has(factPrefix('string', key))} AND ${value('string')} ${comparison} ${literal(escapeFact(bound))})`,
    holds: (item) => has(fact(typeof item === 'number' ? 'numbers' : 'strings', key, item)),
    includes: (text, { ignoreCase }) => contains(value('string'), escapeFact(text), ignoreCase),
    isEmpty() {
      const absent = FACT_KINDS.map((kind) => `strpos(facts, ${literal(factPrefix(kind, key))}) = 0`);
      return `((${absent.join(' AND ')}) OR ${has(fact('string', key, ''))})`;
    },
  };
}

const FIELDS: Readonly<Record<string, 'text' | 'number'>> = {
  document_id: 'text',
  uri: 'text',
  title: 'text',
  media_type: 'text',
  page: 'number',
};

/** A fact about the document or chunk itself, which hides metadata of the same name; undefined for other keys. */
export function documentField(key: string): FilterSubject | undefined {
  const type = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
  if (type === undefined) return undefined;
  const refuse = (why: string) =>
    new InvalidInputError(`The filters cannot compare ${JSON.stringify(key)} so: it is ${why}.`, {
      field: 'filters',
    });
  const comparable = (value: Scalar): string => {
    if (type === 'text' && typeof value === 'string') return literal(value);
    if (type === 'number' && typeof value === 'number') return number(value);
    throw refuse(`a ${type}, not ${JSON.stringify(value)}`);
  };
  const never = (): never => {
    throw refuse(`a ${type}, not a list`);
  };
  return {
    equalsAny: (values) =>
      values.length === 0 ? 'false' : `coalesce(${key} IN (${values.map(comparable).join(', ')}), false)`,
    compare: (comparison, bound) => `coalesce(${key} ${comparison} ${comparable(bound)}, false)`,
    holds: never,
    includes(text, { ignoreCase }) {
      if (type !== 'text') throw refuse('a number, not a text');
      return contains(key, text, ignoreCase);
    },
    isEmpty: () => (type === 'text' ? `(${key} = '')` : `(${key} IS NULL)`),
  };
}

function contains(haystack: string, needle: string, ignoreCase: boolean): string {
  const [where, what] = ignoreCase
    ? [`lower(${haystack})`, `lower(${literal(needle)})`]
    : [haystack, literal(needle)];
  return `(strpos(${where}, ${what}) > 0)`;
}
