import { isFunctionWord } from '../llms/languages.ts';
import { stem, words } from '../llms/words.ts';

/** A text as a sparse vector: `indices` unique and ascending, one value each. */
export interface SparseTerms {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

/** How a text's words are weighed. */
export interface Bm25Options {
  /** How soon more of the same word stops counting. @default 1.2 */
  readonly k1?: number | undefined;
  /** How much a long text is held against it, from 0 to 1. @default 0.75 */
  readonly b?: number | undefined;
  /** How many terms a text of middle length has. @default 100 */
  readonly averageTerms?: number | undefined;
}

/**
 * What a text is found by: its words in lower case, without accents, English function words left out, by their stems.
 * One rule for documents and questions, whatever their language: two rules would miss what they disagree about.
 */
export function terms(text: string): readonly string[] {
  return words(text)
    .filter((word) => !isFunctionWord(word, 'en'))
    .map(stem);
}

/**
 * A document as Qdrant is to keep it: BM25's part that depends on the document alone. The other part, how rare each
 * word is, Qdrant adds by the modifier IDF. The average length is a constant, since vectors that are stored cannot
 * change with every document that comes.
 */
export function documentTerms(text: string, options: Bm25Options = {}): SparseTerms {
  const { k1 = 1.2, b = 0.75, averageTerms = 100 } = options;
  const found = terms(text);
  const length = 1 - b + (b * found.length) / averageTerms;
  return toVector(found, (frequency) => (frequency * (k1 + 1)) / (frequency + k1 * length));
}

/** A question as Qdrant is to search: each word as often as it is asked. */
export function queryTerms(text: string): SparseTerms {
  return toVector(terms(text), (frequency) => frequency);
}

function toVector(found: readonly string[], weigh: (frequency: number) => number): SparseTerms {
  const frequencies = new Map<string, number>();
  for (const term of found) frequencies.set(term, (frequencies.get(term) ?? 0) + 1);
  const weights = new Map<number, number>();
  for (const [term, frequency] of frequencies) {
    const index = termIndex(term);
    // Two words of one text that share an index count together.
    weights.set(index, (weights.get(index) ?? 0) + weigh(frequency));
  }
  const sorted = [...weights].toSorted(([a], [b]) => a - b);
  return { indices: sorted.map(([index]) => index), values: sorted.map(([, weight]) => weight) };
}

const encoder = new TextEncoder();
const MAX_KNOWN = 100_000;
const known = new Map<string, number>();

/**
 * The place of a term among 2³²: MurmurHash3 of its UTF-8, the same on every machine and in every version. Of 100,000
 * different terms about one pair shares a place, and a search for one of the two then finds the other as well.
 * Changing it, or anything in `terms`, makes stored vectors worthless: raise the store's schema version with it.
 */
export function termIndex(term: string): number {
  const before = known.get(term);
  if (before !== undefined) return before;
  const index = murmur3(encoder.encode(term));
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(term, index);
  return index;
}

/** MurmurHash3, x86, 32 bits, seed 0. */
function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = bytes.length - (bytes.length % 4);
  let hash = 0;
  for (let at = 0; at < blocks; at += 4) {
    hash ^= mix(view.getUint32(at, true));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= blocks; at -= 1) rest = (rest << 8) | (bytes[at] ?? 0);
  if (blocks < bytes.length) hash ^= mix(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mix(block: number): number {
  const spread = Math.imul(block, 0xcc9e2d51);
  return Math.imul((spread << 15) | (spread >>> 17), 0x1b873593);
}
