import { CitestreamError } from '../errors.ts';
import type { EmbedderLimits, InputType } from './embedder.ts';

/** How the models of one family are called: their limits, their lengths of vectors, and their bodies. */
export interface BedrockEmbeddingModel extends EmbedderLimits {
  /** The lengths its vectors can have, its own choice first. */
  readonly dimensions: readonly [number, ...number[]];
  body(texts: readonly string[], input: { readonly type: InputType; readonly dimension: number }): object;
  /** The vectors of an answer, `undefined` where there are none. */
  vectors(answer: Readonly<Record<string, unknown>>): unknown;
}

/** One text a call: what is lost to that, calls in parallel make up for. */
const TITAN = {
  maxBatchSize: 1,
  maxParallel: 8,
  maxTextCharacters: 50_000,
  vectors: ({ embedding }: Readonly<Record<string, unknown>>) =>
    embedding === undefined ? undefined : [embedding],
};

const COHERE = {
  maxBatchSize: 96,
  maxParallel: 4,
  /** A list without `embedding_types`, lists by their type with it. */
  vectors: ({ embeddings }: Readonly<Record<string, unknown>>) =>
    Array.isArray(embeddings) ? embeddings : (embeddings as { readonly float?: unknown } | undefined)?.float,
};

const cohereBody = (texts: readonly string[], type: InputType) => ({
  texts,
  input_type: `search_${type}`,
  embedding_types: ['float'],
});

/** The families by the model's name; a line here is what adding one takes. */
const MODELS: readonly (readonly [RegExp, BedrockEmbeddingModel])[] = [
  [
    /^amazon\.titan-embed-text-v2/,
    {
      ...TITAN,
      dimensions: [1024, 512, 256],
      body: ([inputText], { dimension }) => ({ inputText, dimensions: dimension, normalize: true }),
    },
  ],
  [
    /^amazon\.titan-embed-(?:text-v1|g1-text)/,
    { ...TITAN, dimensions: [1536], body: ([inputText]) => ({ inputText }) },
  ],
  [
    /^cohere\.embed-v4/,
    {
      ...COHERE,
      // 128,000 tokens a text and a call; three characters a token leave room for languages other than English.
      maxBatchCharacters: 360_000,
      dimensions: [1536, 1024, 512, 256],
      body: (texts, { type, dimension }) => ({
        ...cohereBody(texts, type),
        output_dimension: dimension,
        truncate: 'RIGHT',
      }),
    },
  ],
  [
    /^cohere\.embed-(?:english|multilingual)-v3/,
    {
      ...COHERE,
      // It refuses longer texts whatever `truncate` says; what remains too long in tokens, it cuts itself.
      maxTextCharacters: 2048,
      dimensions: [1024],
      body: (texts, { type }) => ({ ...cohereBody(texts, type), truncate: 'END' }),
    },
  ],
];

/**
 * The way to call a model, by its id, its inference profile's id (`us.cohere.embed-v4:0`) or an ARN that ends in one of
 * these. Throws CONFIGURATION for a model that is not known.
 */
export function bedrockEmbeddingModel(id: string): BedrockEmbeddingModel {
  const name = id.slice(id.lastIndexOf('/') + 1).replace(/^[a-z-]{2,9}\.(?=(?:amazon|cohere)\.)/, '');
  const found = MODELS.find(([pattern]) => pattern.test(name));
  if (found !== undefined) return found[1];
  throw new CitestreamError(
    'CONFIGURATION',
    `${id} is no embedding model that can be called. Use amazon.titan-embed-text-v2:0, cohere.embed-v4:0, ` +
      'cohere.embed-english-v3 or cohere.embed-multilingual-v3, or an inference profile with one of these names.',
  );
}
