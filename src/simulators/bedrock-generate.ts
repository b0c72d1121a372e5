import { chooseAnswer, toTokens } from './bedrock-answer.ts';
import type { BedrockBehaviour } from './bedrock-behaviour.ts';
import { contextOverflow } from './bedrock-errors.ts';
import type { Generation } from './bedrock-generation.ts';
import { type GenerationRequest, RefusedRequest } from './bedrock-request.ts';

/** What an answer is thought out from. */
export interface GenerateOptions {
  readonly request: GenerationRequest;
  readonly behaviour: BedrockBehaviour;
  readonly requestId: string;
  readonly modelId: string;
  /** Counts the requests, so that scripted answers come in turns. */
  readonly turn: number;
  readonly memory: GenerationMemory;
}

const MAX_ANSWERS = 100;

/** What a model has in mind from one answer to the next. */
export class GenerationMemory {
  readonly #prompts = new Set<string>();
  readonly #tokens = new Map<string, readonly string[]>();

  /** Whether a prompt was in the cache; it is from now on. */
  isCached(hash: string): boolean {
    const isCached = this.#prompts.has(hash);
    this.#prompts.add(hash);
    return isCached;
  }

  /** The tokens of a text; those of a script are shared by all streams that give it. */
  tokensOf(text: string): readonly string[] {
    const known = this.#tokens.get(text);
    if (known !== undefined) return known;
    const tokens = toTokens(text);
    if (this.#tokens.size >= MAX_ANSWERS) this.#tokens.clear();
    this.#tokens.set(text, tokens);
    return tokens;
  }
}

/** Thinks out an answer; throws `RefusedRequest` where the prompt is longer than the model reads. */
export function generate({
  request,
  behaviour,
  requestId,
  modelId,
  turn,
  memory,
}: GenerateOptions): Generation {
  const { prompt, inputTokens, cached } = request;
  if (inputTokens > behaviour.contextWindowTokens) {
    throw new RefusedRequest(contextOverflow(inputTokens, behaviour.contextWindowTokens));
  }
  const answer = cutAtStopSequence(chooseAnswer(behaviour, { prompt, turn }), request.stopSequences);
  const tokens = memory.tokensOf(answer.text);
  const isTooLong = request.maxTokens !== undefined && tokens.length > request.maxTokens;
  const natural = isTooLong ? 'max_tokens' : answer.stopSequence === undefined ? 'end_turn' : 'stop_sequence';
  const isRead = cached !== undefined && memory.isCached(cached.hash);
  return {
    requestId,
    modelId,
    prompt,
    reasoning: behaviour.reasoning === undefined ? [] : memory.tokensOf(behaviour.reasoning),
    tokens: isTooLong ? tokens.slice(0, request.maxTokens) : tokens,
    stopReason: behaviour.stopReason ?? natural,
    stopSequence: isTooLong ? undefined : answer.stopSequence,
    inputTokens: Math.max(0, inputTokens - (cached?.tokens ?? 0)),
    ...(cached === undefined
      ? {}
      : isRead
        ? { cacheReadTokens: cached.tokens, cacheWriteTokens: 0 }
        : { cacheReadTokens: 0, cacheWriteTokens: cached.tokens }),
  };
}

function cutAtStopSequence(
  text: string,
  stopSequences: readonly string[],
): { readonly text: string; readonly stopSequence?: string } {
  const [first] = stopSequences
    .map((stopSequence) => ({ stopSequence, at: text.indexOf(stopSequence) }))
    .filter(({ stopSequence, at }) => stopSequence !== '' && at !== -1)
    .sort((a, b) => a.at - b.at);
  return first === undefined ? { text } : { text: text.slice(0, first.at), stopSequence: first.stopSequence };
}
