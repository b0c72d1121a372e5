import { createHash } from 'node:crypto';
import type { Embedder, EmbedOptions } from '../embeddings/embedder.ts';

/**
 * An Embedder that needs no model: each word is hashed to a direction, a text is the normalised sum of its
 * words. The same text has the same vector on every machine, and texts that share words are near each other.
 */
export class HashingEmbedder implements Embedder {
  readonly name: string;
  readonly dimension: number;
  readonly maxBatchSize: number;
  /** Every text embedded so far, in order. */
  readonly texts: string[] = [];

  constructor(options: { readonly dimension?: number; readonly maxBatchSize?: number } = {}) {
    this.dimension = options.dimension ?? 64;
    this.maxBatchSize = options.maxBatchSize ?? 32;
    this.name = `hashing:${this.dimension}`;
  }

  async embedDocuments(
    texts: readonly string[],
    options: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    options.signal?.throwIfAborted();
    if (texts.length > this.maxBatchSize) {
      throw new RangeError(`${texts.length} texts were given at once, ${this.maxBatchSize} are allowed.`);
    }
    this.texts.push(...texts);
    return texts.map((text) => embed(text, this.dimension));
  }

  async embedQuery(text: string, options: EmbedOptions = {}): Promise<Float32Array> {
    options.signal?.throwIfAborted();
    this.texts.push(text);
    return embed(text, this.dimension);
  }
}

function embed(text: string, dimension: number): Float32Array {
  const vector = new Float32Array(dimension);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const hash = createHash('sha256').update(word).digest();
    const at = hash.readUInt32BE(0) % dimension;
    vector[at] = (vector[at] ?? 0) + (hash.readUInt8(4) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
