import { InvalidInputError } from '../errors.ts';
import type { FilterOperator, MetadataFilter, MetadataFilters } from '../stores/metadata-filters.ts';

const OPERATORS: Readonly<Record<string, FilterOperator>> = {
  '=': '==',
  '==': '==',
  '!=': '!=',
  '>=': '>=',
  '<=': '<=',
  '>': '>',
  '<': '<',
};

/** Reads `--filter year>=1950 --filter author="Ann Lee"`: all must hold. Throws INVALID_INPUT with the form to use. */
export function parseFilters(texts: readonly string[]): MetadataFilters | undefined {
  if (texts.length === 0) return undefined;
  return {
    filters: texts.map((text) => {
      const [, key, sign = '', value = ''] = /^([^=<>!]+)(==?|!=|>=?|<=?)(.*)$/s.exec(text) ?? [];
      const operator = OPERATORS[sign];
      if (key === undefined || operator === undefined || key.trim() === '') {
        throw new InvalidInputError(
          `--filter is ${JSON.stringify(text)}; it must be key=value, with =, !=, >=, <=, > or < between them.`,
          { field: '--filter' },
        );
      }
      return createFilter(key.trim(), operator, value.trim());
    }),
  };
}

/**
 * What looks like a number, or like true and false, may be stored as that or as text (front matter is text), so both
 * are looked for; in double quotes it is text alone.
 */
function createFilter(key: string, operator: FilterOperator, text: string): MetadataFilter | MetadataFilters {
  const value = readValue(text);
  if (typeof value === 'string') return { key, operator, value };
  if (operator === '==') return { key, operator: 'in', value: [value, text] };
  if (operator === '!=') return { key, operator: 'nin', value: [value, text] };
  return {
    condition: 'or',
    filters: [
      { key, operator, value },
      { key, operator, value: text },
    ],
  };
}

function readValue(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return /^".*"$/s.test(text) ? text.slice(1, -1) : text;
}
