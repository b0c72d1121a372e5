import type { FilterSubject } from './compile-filters.ts';
import { DOCUMENT_FIELDS, onlyComparable } from './document-fields.ts';
import { escapeFact, fact, FACT_DELIMITER, FACT_KINDS, type FactKind, factPrefix } from './metadata-facts.ts';

/** A text as a SQL literal; a quote is the only character that means something inside. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const number = (value: number): string => `CAST(${literal(String(value))} AS DOUBLE)`;

/** A key of the documents' metadata; one no document has is empty. */
export function metadataKey(key: string): FilterSubject<string> {
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

/** A fact about the document or chunk itself, which hides metadata of the same name; undefined for other keys. */
export function documentField(key: string): FilterSubject<string> | undefined {
  const type = DOCUMENT_FIELDS.get(key);
  if (type === undefined) return undefined;
  const comparable = (value: unknown): string =>
    typeof value === 'number' ? number(value) : literal(String(value));
  return onlyComparable(key, type, {
    equalsAny: (values) =>
      values.length === 0 ? 'false' : `coalesce(${key} IN (${values.map(comparable).join(', ')}), false)`,
    compare: (comparison, bound) => `coalesce(${key} ${comparison} ${comparable(bound)}, false)`,
    // A document's own facts are no lists: `onlyComparable` refuses before.
    holds: () => 'false',
    includes: (text, { ignoreCase }) => contains(key, text, ignoreCase),
    isEmpty: () => (type === 'text' ? `(${key} = '')` : `(${key} IS NULL)`),
  });
}

function contains(haystack: string, needle: string, ignoreCase: boolean): string {
  const [where, what] = ignoreCase
    ? [`lower(${haystack})`, `lower(${literal(needle)})`]
    : [haystack, literal(needle)];
  return `(strpos(${where}, ${what}) > 0)`;
}
