import type { Metadata, MetadataValue } from '../documents/document.ts';
import { InvalidInputError } from '../errors.ts';

/**
 * Metadata of any shape as one string that SQL can search: `␁type:key␂value␁type:key␂value␁`, a list as one
 * fact for each of its values. So a filter needs no column of its own, and no key needs declaring.
 * The delimiters, and the characters that escape them, are escaped in keys and values so that no text is
 * mistaken for structure, and so that a text holds another exactly where its escaped form does.
 */
const DELIMITER = '\u0001';
const ASSIGNMENT = '\u0002';

/** The kinds of facts; a value compares with facts of its own kind alone. */
export type FactKind = 'string' | 'number' | 'boolean' | 'strings' | 'numbers';

export const FACT_KINDS: readonly FactKind[] = ['string', 'number', 'boolean', 'strings', 'numbers'];

// A prefix code whose first character and digits occur nowhere else: no match can begin inside an escape.
const ESCAPES: Readonly<Record<string, string>> = {
  '\u0001': '\u0003\u0004\u0004\u0004',
  '\u0002': '\u0003\u0004\u0004\u0005',
  '\u0003': '\u0003\u0004\u0005\u0004',
  '\u0004': '\u0003\u0004\u0005\u0005',
  '\u0005': '\u0003\u0005\u0004\u0004',
};

/** A scalar as facts spell it; equal values have equal spellings. */
export function escapeFact(value: string | number | boolean): string {
  // oxlint-disable-next-line no-control-regex -- the delimiters are control characters.
  return String(value).replace(/[\u0001-\u0005]/g, (character) => ESCAPES[character] ?? character);
}

/** What every fact of this kind and key begins with. */
export function factPrefix(kind: FactKind, key: string): string {
  return `${DELIMITER}${kind}:${escapeFact(key)}${ASSIGNMENT}`;
}

/** A whole fact, with the delimiters around it. */
export function fact(kind: FactKind, key: string, value: string | number | boolean): string {
  return `${factPrefix(kind, key)}${escapeFact(value)}${DELIMITER}`;
}

export { DELIMITER as FACT_DELIMITER };

/** Metadata as facts; `''` where there is none. Throws where a value is of no kind that can be stored. */
export function encodeFacts(metadata: Metadata): string {
  const facts = Object.entries(metadata).flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((item: string | number | boolean) =>
      fact(kindOf(key, value), key, item).slice(DELIMITER.length),
    ),
  );
  return facts.length === 0 ? '' : DELIMITER + facts.join('');
}

/** The kind of fact a value makes; throws for what cannot be stored. */
export function kindOf(key: string, value: MetadataValue): FactKind {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number' && Number.isFinite(value)) return 'number';
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === 'string')) return 'strings';
    if (value.every((item) => Number.isFinite(item))) return 'numbers';
  }
  throw new InvalidInputError(
    `The metadata ${JSON.stringify(key)} is ${JSON.stringify(value) ?? String(value)}: give a text, a finite number, a boolean, or a list of texts or of finite numbers.`,
    { field: key },
  );
}
