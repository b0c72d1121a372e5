import { describe, expect, it } from 'vitest';
import { HashingEmbedder } from './hashing-embedder.ts';

const cosine = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

describe('HashingEmbedder', () => {
  it('gives the same text the same vector of length one, and records it', async () => {
    const embedder = new HashingEmbedder({ dimension: 16 });
    const [document] = await embedder.embedDocuments(['Green tea']);
    const query = await embedder.embedQuery('green TEA');
    expect(document).toEqual(query);
    expect(Math.hypot(...query)).toBeCloseTo(1, 5);
    expect(embedder.texts).toEqual(['Green tea', 'green TEA']);
    expect(embedder.name).toBe('hashing:16');
  });

  it('puts texts that share words nearer than others', async () => {
    const embedder = new HashingEmbedder({ dimension: 256 });
    const [tea, also, other] = await embedder.embedDocuments([
      'green tea leaves',
      'tea leaves',
      'steel bridge',
    ]);
    if (!tea || !also || !other) throw new Error('A vector is missing.');
    expect(cosine(tea, also)).toBeGreaterThan(cosine(tea, other));
  });

  it('gives a text without words the vector of zeros', async () => {
    expect(await new HashingEmbedder({ dimension: 2 }).embedQuery('?!')).toEqual(Float32Array.of(0, 0));
  });

  it('refuses more texts than one call takes, and a caller who left', async () => {
    const embedder = new HashingEmbedder({ maxBatchSize: 1 });
    await expect(embedder.embedDocuments(['a', 'b'])).rejects.toThrow(RangeError);
    await expect(embedder.embedQuery('a', { signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow(
      'left',
    );
  });
});
