import { createHash } from 'node:crypto';

const DIRECTIONS_A_WORD = 4;

/**
 * A vector that needs no model: each word is hashed to a few directions, a text is the sum of its words. The same text has
 * the same vector on every machine, and texts that share words are near each other.
 */
export function hashedVector(
  text: string,
  { dimension, isNormalized }: { readonly dimension: number; readonly isNormalized: boolean },
): readonly number[] {
  const vector = new Float64Array(dimension);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const hash = createHash('sha256').update(word).digest();
    for (let direction = 0; direction < DIRECTIONS_A_WORD; direction += 1) {
      const at = hash.readUInt32BE(direction * 4) % dimension;
      const sign = hash.readUInt8(DIRECTIONS_A_WORD * 4 + direction) % 2 === 0 ? 1 : -1;
      vector[at] = (vector[at] ?? 0) + sign;
    }
  }
  const length = isNormalized ? Math.hypot(...vector) : 1;
  return [...vector].map((value) => (length === 0 ? 0 : Math.fround(value / length)));
}
