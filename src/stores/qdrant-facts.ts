import { createHash } from 'node:crypto';
import type { Metadata } from '../documents/document.ts';
import { type FactKind, kindOf } from './metadata-facts.ts';

/** A number that can be compared: nested, so that no key has to be a path of Qdrant's. */
interface NumberFact {
  readonly k: string;
  readonly v: number;
}

/** A text that can be searched and compared: `v`, the same in lower case `l`, and its beginning as numbers. */
type TextFact = Readonly<Record<string, string | number>>;

/** What filters look at, beside a chunk in its payload. */
export interface FilterFacts {
  /** `["string","author","smith"]` and `["string","author"]`: equality and presence, in one index. */
  readonly facts: readonly string[];
  readonly numbers: readonly NumberFact[];
  readonly texts: readonly TextFact[];
}

const MAX_FACT_CHARACTERS = 256;
const BYTES_A_PART = 6;
const TEXT_PARTS = 10;
/** Up to here the order of two texts is told by the parts that are stored. */
export const MAX_BOUND_BYTES = BYTES_A_PART * TEXT_PARTS - 1;

/** One fact as Qdrant indexes it: equal facts, and only they, are equal texts; long ones by their hash. */
export function fact(kind: FactKind, key: string, ...value: readonly (string | number | boolean)[]): string {
  const text = JSON.stringify([kind, key, ...value]);
  return text.length <= MAX_FACT_CHARACTERS ? text : createHash('sha256').update(text).digest('hex');
}

/** Metadata as facts; throws where a value is of no kind that can be stored. */
export function filterFacts(metadata: Metadata): FilterFacts {
  const facts = new Set<string>();
  const numbers: NumberFact[] = [];
  const texts: TextFact[] = [];
  for (const [key, value] of Object.entries(metadata)) {
    const kind = kindOf(key, value);
    const items = (Array.isArray(value) ? value : [value]) as readonly (string | number | boolean)[];
    for (const item of items) facts.add(fact(kind, key, item));
    if (items.length > 0) facts.add(fact(kind, key));
    const k = key.toWellFormed();
    if (typeof value === 'number') numbers.push({ k, v: value });
    if (typeof value === 'string') texts.push(textFact(k, value.toWellFormed()));
  }
  return { facts: [...facts], numbers, texts };
}

function textFact(k: string, v: string): TextFact {
  const parts = orderParts(v, TEXT_PARTS).map((part, at) => [`p${at}`, part] as const);
  return { k, v, l: v.toLowerCase(), ...Object.fromEntries(parts) };
}

const encoder = new TextEncoder();

/**
 * The beginning of a text as numbers that compare as its UTF-8 does: six bytes a number, each byte as a digit from 1
 * to 256 and 0 where the text has ended, so that the last number tells where.
 */
export function orderParts(text: string, count: number): readonly number[] {
  const bytes = encoder.encode(text);
  const parts: number[] = [];
  for (let start = 0; start <= bytes.length && parts.length < count; start += BYTES_A_PART) {
    let part = 0;
    for (let at = start; at < start + BYTES_A_PART; at += 1) {
      const byte = bytes[at];
      part = part * 257 + (byte === undefined ? 0 : byte + 1);
    }
    parts.push(part);
  }
  return parts;
}

/** True for a part in which its text ends. */
export const isLastPart = (part: number): boolean => part % 257 === 0;
