import { describe, expect, it } from 'vitest';

import type { Embedder } from '../embeddings/embedder.ts';

const cosine = (one: Float32Array, other: Float32Array): number =>
  one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0) /
  (Math.hypot(...one) * Math.hypot(...other));

const TEXTS = [
  'Green tea is made from unoxidised leaves.',
  'A steel bridge carries the railway over the river.',
  'Zeilen\numbrochen, ünïcödé 並行 😀, "quoted" {braces}.',
];

/** What every embedder must do; `make` gives one whose vectors of texts that share words are near each other. */
export function describeEmbedder(name: string, make: () => Promise<Embedder>): void {
  const withEmbedder = async (use: (embedder: Embedder) => Promise<void>): Promise<void> => {
    const embedder = await make();
    try {
      await use(embedder);
    } finally {
      await embedder[Symbol.asyncDispose]?.();
    }
  };

  describe(`${name} as an embedder`, () => {
    it('says its name, its dimension and its limits', async () =>
      withEmbedder(async (embedder) => {
        expect(embedder.name).toMatch(/^\S+$/);
        expect(embedder.dimension).toBeGreaterThan(0);
        expect(Number.isInteger(embedder.dimension)).toBe(true);
        expect(embedder.maxBatchSize).toBeGreaterThanOrEqual(1);
        for (const limit of [embedder.maxBatchCharacters, embedder.maxTextCharacters, embedder.maxParallel]) {
          if (limit !== undefined) expect(limit).toBeGreaterThanOrEqual(1);
        }
      }));

    it('gives one vector of finite numbers a text, of its dimension', async () =>
      withEmbedder(async (embedder) => {
        const texts = TEXTS.slice(0, embedder.maxBatchSize);
        const vectors = [...(await embedder.embedDocuments(texts)), await embedder.embedQuery('tea?')];
        expect(vectors).toHaveLength(texts.length + 1);
        for (const vector of vectors) {
          expect(vector).toBeInstanceOf(Float32Array);
          expect(vector).toHaveLength(embedder.dimension);
          expect(vector.every(Number.isFinite)).toBe(true);
        }
      }));

    it('keeps the order of the texts, and gives the same text the same vector', async () =>
      withEmbedder(async (embedder) => {
        const size = Math.min(embedder.maxBatchSize, 20);
        const texts = Array.from({ length: size }, (_, at) => `Number ${at} ${TEXTS[at % TEXTS.length]}`);
        const together = await embedder.embedDocuments(texts);
        for (const at of [0, size - 1]) {
          const [alone] = await embedder.embedDocuments(texts.slice(at, at + 1));
          // Models on other hardware differ in the last digits.
          expect(cosine(alone ?? new Float32Array(), together[at] ?? new Float32Array())).toBeCloseTo(1, 3);
        }
      }));

    it('puts the question near the text that answers it', async () =>
      withEmbedder(async (embedder) => {
        const question = await embedder.embedQuery('green tea leaves');
        const similarities: number[] = [];
        for (const text of TEXTS) {
          const [vector] = await embedder.embedDocuments([text]);
          similarities.push(cosine(question, vector ?? new Float32Array()));
        }
        expect(similarities.indexOf(Math.max(...similarities))).toBe(0);
      }));

    it('gives nothing for no texts', async () =>
      withEmbedder(async (embedder) => {
        expect(await embedder.embedDocuments([])).toEqual([]);
      }));

    it('takes several calls at once', async () =>
      withEmbedder(async (embedder) => {
        const asked = ['tea', 'bridge', 'river', 'tea'];
        const vectors = await Promise.all(asked.map(async (text) => embedder.embedQuery(text)));
        expect(cosine(vectors[0] ?? new Float32Array(), vectors[3] ?? new Float32Array())).toBeCloseTo(1, 3);
        expect(cosine(vectors[0] ?? new Float32Array(), vectors[1] ?? new Float32Array())).toBeLessThan(
          0.999,
        );
      }));

    it('does nothing for a caller who has left, and rejects with the reason', async () =>
      withEmbedder(async (embedder) => {
        const signal = AbortSignal.abort(new Error('The reader left.'));
        await expect(embedder.embedDocuments(['tea'], { signal })).rejects.toThrow('The reader left.');
        await expect(embedder.embedQuery('tea', { signal })).rejects.toThrow('The reader left.');
      }));
  });
}
