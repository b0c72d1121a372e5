import { countTokens } from './bedrock-answer.ts';
import { validationError } from './bedrock-errors.ts';
import { type Json, RefusedRequest, strings } from './bedrock-request.ts';
import { hashedVector } from './hashed-vector.ts';
import { bareModelId } from './invoke-vendor.ts';

/** What an embedding model answers InvokeModel with. */
export interface EmbeddingAnswer {
  readonly body: Json;
  readonly texts: number;
  readonly inputTokens: number;
}

const MAX_TITAN_TOKENS = 8192;
const MAX_TITAN_CHARACTERS = 50_000;
const MAX_COHERE_TEXTS = 96;
const MAX_COHERE_3_CHARACTERS = 2048;
const TITAN_1_DIMENSION = 1536;
const TITAN_2_DIMENSIONS = [256, 512, 1024];
const COHERE_3_DIMENSION = 1024;
const COHERE_4_DIMENSIONS = [256, 512, 1024, 1536];
const INPUT_TYPES: ReadonlySet<unknown> = new Set([
  'search_document',
  'search_query',
  'classification',
  'clustering',
  'image',
]);

/** The answer of an embedding model; nothing where the model is none. Throws `RefusedRequest`. */
export function embed(modelId: string, body: Json, requestId: string): EmbeddingAnswer | undefined {
  const model = bareModelId(modelId);
  if (model.startsWith('amazon.titan-embed-text-v2')) return embedTitan(body, TITAN_2_DIMENSIONS);
  if (model.startsWith('amazon.titan-embed')) return embedTitan(body, [TITAN_1_DIMENSION]);
  if (model.startsWith('cohere.embed-v4')) return embedCohere(body, COHERE_4_DIMENSIONS, requestId);
  if (model.startsWith('cohere.embed')) return embedCohere(body, [COHERE_3_DIMENSION], requestId);
  return undefined;
}

function malformed(detail: string): RefusedRequest {
  return new RefusedRequest(
    validationError(`Malformed input request: ${detail}, please reformat your input and try again.`),
  );
}

function embedTitan(body: Json, dimensions: readonly number[]): EmbeddingAnswer {
  const text = body['inputText'];
  if (typeof text !== 'string') throw malformed('#: required key [inputText] not found');
  if (text === '') throw malformed('#/inputText: expected minLength: 1, actual: 0');
  if (text.length > MAX_TITAN_CHARACTERS) {
    throw malformed(`#/inputText: expected maxLength: ${MAX_TITAN_CHARACTERS}, actual: ${text.length}`);
  }
  const inputTokens = countTokens(text);
  if (inputTokens > MAX_TITAN_TOKENS) {
    throw new RefusedRequest(
      validationError(
        `400 Bad Request: Too many input tokens. Max input tokens: ${MAX_TITAN_TOKENS}, request input token count: ${inputTokens} `,
      ),
    );
  }
  const dimension = dimensionOf(body['dimensions'], dimensions, '#/dimensions');
  const embedding = hashedVector(text, { dimension, isNormalized: body['normalize'] !== false });
  return {
    texts: 1,
    inputTokens,
    body: { embedding, embeddingsByType: { float: embedding }, inputTextTokenCount: inputTokens },
  };
}

function embedCohere(body: Json, dimensions: readonly number[], requestId: string): EmbeddingAnswer {
  const inputType = body['input_type'];
  if (inputType === undefined) throw malformed('#: required key [input_type] not found');
  if (!INPUT_TYPES.has(inputType)) {
    throw malformed(`#/input_type: ${JSON.stringify(inputType)} is not a valid enum value`);
  }
  const texts = strings(body['texts']);
  if (texts.length === 0) throw malformed('#: required key [texts] not found');
  if (texts.length > MAX_COHERE_TEXTS) {
    throw malformed(`#/texts: expected maximum item count: ${MAX_COHERE_TEXTS}, found: ${texts.length}`);
  }
  const isVersion3 = dimensions.length === 1;
  for (const [index, text] of texts.entries()) {
    if (isVersion3 && text.length > MAX_COHERE_3_CHARACTERS) {
      throw malformed(
        `#/texts/${index}: expected maxLength: ${MAX_COHERE_3_CHARACTERS}, actual: ${text.length}`,
      );
    }
  }
  const dimension = dimensionOf(body['output_dimension'], dimensions, '#/output_dimension');
  const vectors = texts.map((text) => hashedVector(text, { dimension, isNormalized: true }));
  const isByType = Array.isArray(body['embedding_types']);
  return {
    texts: texts.length,
    inputTokens: texts.reduce((tokens, text) => tokens + countTokens(text), 0),
    body: {
      id: requestId,
      texts,
      embeddings: isByType ? { float: vectors } : vectors,
      response_type: isByType ? 'embeddings_by_type' : 'embeddings_floats',
    },
  };
}

function dimensionOf(value: unknown, allowed: readonly number[], place: string): number {
  if (value === undefined) return allowed.length === 4 ? 1536 : (allowed.at(-1) ?? 0);
  if (typeof value === 'number' && allowed.includes(value)) return value;
  throw malformed(`${place}: ${JSON.stringify(value)} is not a valid enum value`);
}
