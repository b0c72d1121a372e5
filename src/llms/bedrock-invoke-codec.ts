import { CitestreamError } from '../errors.ts';
import type { InvokeCodec, InvokePiece, Json } from './bedrock-invoke-body.ts';
import { llama3Codec, llama4Codec, mistralChatCodec, mistralCodec } from './bedrock-invoke-templates.ts';
import { anthropicCodec, cohereChatCodec, cohereCodec, titanCodec } from './bedrock-invoke-vendors.ts';
import { bareModelId } from './bedrock-models.ts';
import { estimateUsage } from './estimate-usage.ts';
import type { ChatRequest, ChatResponse, Usage } from './llm.ts';
import { numberAt, objectAt } from './bedrock-invoke-body.ts';

/** Who makes a model, by how its id begins; the first that fits counts. */
const CODECS: readonly (readonly [prefix: string, codec: InvokeCodec])[] = [
  ['anthropic.', anthropicCodec],
  ['amazon.titan-t', titanCodec],
  ['meta.llama4', llama4Codec],
  ['meta.llama3', llama3Codec],
  ['mistral.mistral-7b', mistralCodec],
  ['mistral.mixtral', mistralCodec],
  ['mistral.mistral-small-2402', mistralCodec],
  ['mistral.mistral-large-2402', mistralCodec],
  ['mistral.', mistralChatCodec],
  ['cohere.command-r', cohereChatCodec],
  ['cohere.command', cohereCodec],
];

/** The bodies that a model takes; throws CONFIGURATION, with the way out, where they are not known. */
export function invokeCodecOf(model: string): InvokeCodec {
  const bare = bareModelId(model);
  const codec = CODECS.find(([prefix]) => bare.startsWith(prefix))?.[1];
  if (codec !== undefined) return codec;
  throw new CitestreamError(
    'CONFIGURATION',
    `bedrock:${model} is of no vendor whose bodies are known (Anthropic, Titan, Llama 3 and 4, Mistral, Cohere Command): use bedrock-converse:${model}, which asks every model alike.`,
  );
}

/** What the headers of InvokeModel, or the last chunk of a stream, tell of the tokens. */
export interface InvokeCounts {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
}

/** The tokens as the headers of InvokeModel tell them. */
export function countsOfHeaders(headers: Readonly<Record<string, string>>): InvokeCounts {
  const count = (name: string): number | undefined => {
    const value = Number(headers[name] ?? Number.NaN);
    return Number.isSafeInteger(value) ? value : undefined;
  };
  return {
    inputTokens: count('x-amzn-bedrock-input-token-count'),
    outputTokens: count('x-amzn-bedrock-output-token-count'),
  };
}

/** The tokens as the last chunk of InvokeModelWithResponseStream tells them. */
export function countsOfChunk(chunk: Json): InvokeCounts {
  const metrics = objectAt(chunk, 'amazon-bedrock-invocationMetrics');
  return {
    inputTokens: numberAt(metrics, 'inputTokenCount'),
    outputTokens: numberAt(metrics, 'outputTokenCount'),
  };
}

/** A whole reply of what is told of it; the vendor's own counts go first, and an estimate comes last. */
export function replyOf(piece: InvokePiece, counts: InvokeCounts, request: ChatRequest): ChatResponse {
  const { text = '', reasoning, stopReason = 'stop', cacheReadTokens, cacheWriteTokens } = piece;
  const estimate = estimateUsage(request, text.length);
  const usage: Usage = {
    inputTokens: piece.inputTokens ?? counts.inputTokens ?? estimate.inputTokens,
    outputTokens: piece.outputTokens ?? counts.outputTokens ?? estimate.outputTokens,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
  };
  return { text, ...(reasoning === undefined ? {} : { reasoning }), stopReason, usage };
}
