import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';

import { alternatingMessages } from './bedrock-converse-request.ts';
import type { ChatRequest } from './llm.ts';

/** What a server understands of a protocol that each implements in part. */
export interface OpenAIDialect {
  /** The newer name is the only one that OpenAI's reasoning models take; others know the older only. */
  readonly limitField: 'max_tokens' | 'max_completion_tokens';
  /** Fields that this server or model has refused. */
  readonly refused: ReadonlySet<string>;
}

const REFUSABLE_FIELDS = ['stream_options', 'temperature', 'top_p', 'stop'] as const;
type RefusableField = (typeof REFUSABLE_FIELDS)[number];

type RequestBody = ChatCompletionCreateParams & Readonly<Record<string, unknown>>;

/** The body of a call; throws INVALID_INPUT for a conversation that no server takes. */
export function openAIRequest(
  request: ChatRequest,
  options: {
    readonly model: string;
    readonly dialect: OpenAIDialect;
    readonly streams: boolean;
    readonly additionalFields?: Readonly<Record<string, unknown>> | undefined;
  },
): RequestBody {
  const { system = '', maxTokens, temperature, topP, stopSequences = [] } = request;
  const { dialect, streams, model, additionalFields } = options;
  const { limitField, refused } = dialect;
  const fields: Readonly<Record<RefusableField, unknown>> = {
    stream_options: streams ? { include_usage: true } : undefined,
    temperature,
    top_p: topP,
    stop: stopSequences.length === 0 ? undefined : [...stopSequences],
  };
  const sent = Object.entries(fields).filter(([name, value]) => value !== undefined && !refused.has(name));
  return {
    model,
    stream: streams,
    messages: [
      ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system }]),
      ...alternatingMessages(request.messages),
    ],
    ...(maxTokens === undefined ? {} : { [limitField]: maxTokens }),
    ...Object.fromEntries(sent),
    ...additionalFields,
  };
}

const NOT_TAKEN =
  /unsupported|not supported|does ?n[o']t support|unknown|unrecogni[sz]ed|unexpected|extra|not permitted|not allowed|instead|only the default/i;

/**
 * The dialect with which a refused request may pass: without the field that the server does not take, or with its other
 * name. Nothing where the refusal is about something else. Each step takes away one possibility, so it ends.
 */
export function dialectAfter(
  dialect: OpenAIDialect,
  body: RequestBody,
  {
    status,
    message,
    param,
  }: { readonly status?: unknown; readonly message: string; readonly param?: unknown },
): OpenAIDialect | undefined {
  if ((status !== 400 && status !== 422) || !NOT_TAKEN.test(message)) return undefined;
  const { limitField, refused } = dialect;
  const isNamed = (name: string): boolean =>
    name in body &&
    !refused.has(name) &&
    (param === name || new RegExp(String.raw`\b${name}\b`).test(message));
  const other = limitField === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
  if (isNamed(limitField) && !refused.has(other)) {
    return { limitField: other, refused: new Set([...refused, limitField]) };
  }
  const field = REFUSABLE_FIELDS.find(isNamed);
  return field && { limitField, refused: new Set([...refused, field]) };
}
