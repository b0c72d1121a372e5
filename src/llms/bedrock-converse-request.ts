import type {
  ContentBlock,
  ConverseStreamCommandInput,
  Message,
  SystemContentBlock,
} from '@aws-sdk/client-bedrock-runtime';

import { InvalidInputError } from '../errors.ts';
import type { ChatMessage, ChatRequest } from './llm.ts';

/** A guardrail that checks what goes in and comes out. */
export interface BedrockGuardrail {
  readonly id: string;
  /** A number, or DRAFT. */
  readonly version: string;
  /** `async` streams at once and checks behind; `sync` holds text back until it is checked. @default the service's own */
  readonly mode?: 'sync' | 'async' | undefined;
}

/** Where a prompt may be kept for the next call that begins with the same: behind the system prompt, or behind the conversation too. */
export type PromptCache = 'none' | 'system' | 'conversation';

/** What every request to one model has. */
export interface ConverseRequestOptions {
  /** A model id, an inference profile's id or its ARN. */
  readonly model: string;
  readonly guardrail?: BedrockGuardrail | undefined;
  /** Only for models that have it; others refuse the request. @default 'none' */
  readonly promptCache?: PromptCache | undefined;
  /** What a model takes beyond the inference parameters, as in `{ thinking: … }`. */
  readonly additionalModelRequestFields?: Readonly<Record<string, unknown>> | undefined;
}

/** The request as Converse and ConverseStream take it; throws INVALID_INPUT for a conversation that Bedrock would refuse. */
export function converseRequest(
  request: ChatRequest,
  options: ConverseRequestOptions,
  { streams }: { readonly streams: boolean },
): ConverseStreamCommandInput {
  const { guardrail, promptCache = 'none', additionalModelRequestFields } = options;
  const system = systemBlocks(request.system, promptCache);
  const inferenceConfig = inferenceOf(request);
  return {
    modelId: options.model,
    messages: messagesOf(request.messages, promptCache),
    ...(system.length === 0 ? {} : { system }),
    ...(Object.keys(inferenceConfig).length === 0 ? {} : { inferenceConfig }),
    ...(guardrail === undefined ? {} : { guardrailConfig: guardrailConfig(guardrail, streams) }),
    ...(additionalModelRequestFields === undefined
      ? {}
      : {
          additionalModelRequestFields: additionalModelRequestFields as NonNullable<
            ConverseStreamCommandInput['additionalModelRequestFields']
          >,
        }),
  };
}

/**
 * The messages as every provider of chat takes them: those of one role that follow each other are one, and none is
 * empty. Throws INVALID_INPUT where the user does not begin.
 */
export function alternatingMessages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const merged: ChatMessage[] = [];
  for (const { role, content } of messages) {
    if (content.trim() === '') continue;
    const last = merged.at(-1);
    if (last?.role === role) merged[merged.length - 1] = { role, content: `${last.content}\n\n${content}` };
    else merged.push({ role, content });
  }
  if (merged[0]?.role !== 'user') {
    throw new InvalidInputError(
      `A conversation begins with a message of the user that is not empty; this one begins with ${merged[0]?.role ?? 'none'}.`,
      { field: 'messages' },
    );
  }
  return merged;
}

function systemBlocks(system: string | undefined, cache: PromptCache): SystemContentBlock[] {
  if (system === undefined || system.trim() === '') return [];
  return [{ text: system }, ...(cache === 'none' ? [] : [CACHE_POINT])];
}

const CACHE_POINT = { cachePoint: { type: 'default' } } as const;

function messagesOf(messages: readonly ChatMessage[], cache: PromptCache): Message[] {
  const alternating = alternatingMessages(messages);
  return alternating.map(({ role, content }, index) => {
    const blocks: ContentBlock[] = [{ text: content }];
    // Behind the last answer: the question and its sources, which come next, are new with every turn.
    if (cache === 'conversation' && index === alternating.length - 2) blocks.push(CACHE_POINT);
    return { role, content: blocks };
  });
}

function inferenceOf({ maxTokens, temperature, topP, stopSequences = [] }: ChatRequest) {
  return {
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stopSequences.length === 0 ? {} : { stopSequences: [...stopSequences] }),
  };
}

function guardrailConfig({ id, version, mode }: BedrockGuardrail, streams: boolean) {
  return {
    guardrailIdentifier: id,
    guardrailVersion: version,
    ...(streams && mode !== undefined ? { streamProcessingMode: mode } : {}),
  };
}
