import { CitestreamError } from '../errors.ts';
import type { Embedder } from './embedder.ts';

/** Numbers out of JSON, where what is no number is written as null: taken for 0, it would go unnoticed. */
export function vectorOf(numbers: unknown): Float32Array {
  return Float32Array.from(Array.isArray(numbers) ? numbers : [], (value) =>
    typeof value === 'number' ? value : Number.NaN,
  );
}

/**
 * Gives back an embedder's answer where it is one vector a text, each of its dimension and of finite numbers. Throws
 * EMBEDDER_FAILED otherwise: one wrong vector in a store spoils searches for ever.
 */
export function checkVectors(
  { name, dimension }: Pick<Embedder, 'name' | 'dimension'>,
  texts: number,
  vectors: readonly Float32Array[],
): readonly Float32Array[] {
  const refuse = (what: string, advice: string) =>
    new CitestreamError('EMBEDDER_FAILED', `${name} ${what}. Nothing of it was stored. ${advice}`);
  if (vectors.length !== texts) {
    throw refuse(
      `answered ${texts} texts with ${vectors.length} vectors`,
      'Look at what answers under its address.',
    );
  }
  for (const vector of vectors) {
    if (vector.length !== dimension) {
      throw refuse(
        `answered with a vector of ${vector.length} numbers where ${dimension} were expected`,
        'The model has changed, or embedding.dimension is not one it has.',
      );
    }
    if (!vector.every(Number.isFinite)) {
      throw refuse(
        'answered with a vector that holds a value that is no finite number',
        'The model computes wrongly with these settings: try another precision, or another model.',
      );
    }
  }
  return vectors;
}
