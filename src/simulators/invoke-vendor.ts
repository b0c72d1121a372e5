import { countTokens } from './bedrock-answer.ts';
import { validationError } from './bedrock-errors.ts';
import type { Generation } from './bedrock-generation.ts';
import {
  type GenerationRequest,
  type Json,
  readMaxTokens,
  RefusedRequest,
  strings,
} from './bedrock-request.ts';

/** The bodies of one vendor's models in InvokeModel. */
export interface InvokeVendor {
  readonly name: string;
  /** Throws `RefusedRequest`. */
  readonly read: (body: Json) => GenerationRequest;
  readonly head: (generation: Generation) => readonly Json[];
  readonly token: (text: string, index: number, generation: Generation) => Json;
  /** Whether a token's event depends on its text alone. */
  readonly isSameForEveryIndex: boolean;
  /** At least one; Bedrock adds its metrics to the last one. */
  readonly tail: (generation: Generation) => readonly Json[];
  readonly whole: (generation: Generation) => Json;
}

const PREFIX = /^(?:us|us-gov|eu|apac|jp|au|ca|global)\./;

/** A model's own name, without what an ARN, an inference profile or a region puts before it. */
export function bareModelId(modelId: string): string {
  return (modelId.split('/').at(-1) ?? modelId).replace(PREFIX, '');
}

/** A member that a body has to have. */
export function missing(key: string): RefusedRequest {
  return new RefusedRequest(
    validationError(
      `Malformed input request: #: required key [${key}] not found, please reformat your input and try again.`,
    ),
  );
}

/** A text that a body has to have; throws `RefusedRequest`. */
export function required(body: Json, key: string): string {
  const value = body[key];
  if (typeof value !== 'string') throw missing(key);
  return value;
}

interface Limits {
  readonly maxTokens: unknown;
  readonly stopSequences: unknown;
}

/** What a body asks; `context` is all that the model reads. Throws `RefusedRequest`. */
export function request(
  prompt: string,
  context: string,
  { maxTokens, stopSequences }: Limits,
): GenerationRequest {
  return {
    prompt,
    inputTokens: countTokens(context),
    maxTokens: readMaxTokens(maxTokens),
    stopSequences: strings(stopSequences),
  };
}

/** The whole answer. */
export const textOfAnswer = ({ tokens }: Generation): string => tokens.join('');

/** The vendor's word for why an answer ended. */
export function reason(
  { stopReason }: Generation,
  words: { readonly stop: string; readonly length: string },
): string {
  return stopReason === 'max_tokens' ? words.length : words.stop;
}
