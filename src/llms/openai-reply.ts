import { CitestreamError } from '../errors.ts';
import { estimateUsage } from './estimate-usage.ts';
import type { ChatDelta, ChatRequest, StopReason, Usage } from './llm.ts';

/** A part of a message; some servers give content as a list of them. */
interface ContentPart {
  readonly type?: string;
  readonly text?: string;
  readonly thinking?: readonly ContentPart[];
}

/** A message, or a piece of one, as OpenAI and the servers that follow it have it. */
interface OpenAIMessage {
  readonly content?: string | readonly ContentPart[] | null;
  readonly refusal?: string | null;
  /** DeepSeek, vLLM and llama.cpp. */
  readonly reasoning_content?: string | null;
  /** Ollama, OpenRouter and newer vLLM. */
  readonly reasoning?: string | null;
}

interface OpenAIUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
}

/** A whole completion, or a chunk of a streamed one; nothing in it can be relied on. */
export interface OpenAIChunk {
  readonly choices?: readonly {
    readonly index?: number;
    readonly delta?: OpenAIMessage | null;
    readonly message?: OpenAIMessage | null;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: OpenAIUsage | null;
}

type Piece = Extract<ChatDelta, { readonly text: string }>;

const STOP_REASONS: Readonly<Record<string, StopReason>> = {
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  content_filter: 'content_filter',
  safety: 'content_filter',
  recitation: 'content_filter',
};

/** What servers say where they gave up: not the end of an answer. */
const GIVEN_UP = /^(abort(ed)?|cancell?ed|error|insufficient_system_resource)$/;

/** Reads the chunks of one reply, and knows when it is over. */
export class OpenAIReply {
  readonly #name: string;
  readonly #request: ChatRequest;
  #characters = 0;
  #stopReason: StopReason | undefined;
  #usage: Usage | undefined;
  #isRefusal = false;
  #hasChoice = false;

  constructor(name: string, request: ChatRequest) {
    this.#name = name;
    this.#request = request;
  }

  /** Whether the model has said why it stopped: all text is there. */
  get isFinished(): boolean {
    return this.#stopReason !== undefined;
  }

  /** Whether the usage is there too, so that nothing more is worth waiting for. */
  get isComplete(): boolean {
    return this.isFinished && this.#usage !== undefined;
  }

  /** Whether anything came that looks like a reply. */
  get hasChoice(): boolean {
    return this.#hasChoice;
  }

  /** The pieces in a chunk, none of them empty. Throws where the server says that it gave up. */
  read({ choices, usage }: OpenAIChunk): readonly Piece[] {
    this.#usage = usageOf(usage) ?? this.#usage;
    const choice = Array.isArray(choices) ? choices.find(({ index = 0 }) => index === 0) : undefined;
    if (choice === undefined) return [];
    this.#hasChoice = true;
    const message = choice.delta ?? choice.message ?? {};
    if (message.refusal) this.#isRefusal = true;
    const pieces = piecesOf(message).filter(({ text }) => text !== '');
    for (const { text } of pieces) this.#characters += text.length;
    if (choice.finish_reason) this.#finish(choice.finish_reason);
    return pieces;
  }

  /** How the reply ended; for one without a reason of its own, `otherwise` is. */
  end(otherwise: StopReason = 'stop'): Extract<ChatDelta, { readonly type: 'end' }> {
    const reason = this.#stopReason ?? otherwise;
    return {
      type: 'end',
      stopReason: this.#isRefusal ? 'content_filter' : reason,
      usage: this.#usage ?? estimateUsage(this.#request, this.#characters),
    };
  }

  #finish(reason: string): void {
    const word = reason.toLowerCase();
    if (GIVEN_UP.test(word)) {
      throw new CitestreamError(
        'LLM_FAILED',
        `${this.#name} gave its answer up (finish_reason ${word}). Try again; if it stays, look at the server's log.`,
      );
    }
    // Some repeat it in the chunk with the usage.
    this.#stopReason ??= STOP_REASONS[word] ?? 'stop';
  }
}

function piecesOf({ content, refusal, reasoning_content, reasoning }: OpenAIMessage): readonly Piece[] {
  const thought = reasoning_content || reasoning;
  return [
    { type: 'reasoning', text: typeof thought === 'string' ? thought : '' },
    ...(Array.isArray(content) ? content.flatMap(pieceOf) : []),
    { type: 'text', text: typeof content === 'string' ? content : '' },
    // In the model's own words, and for the reader.
    { type: 'text', text: refusal ?? '' },
  ];
}

function pieceOf({ type, text = '', thinking = [] }: ContentPart): readonly Piece[] {
  if (type === 'text') return [{ type: 'text', text }];
  if (type !== 'thinking') return [];
  return [{ type: 'reasoning', text: thinking.map(({ text = '' }) => text).join('') }];
}

/** Servers that count nothing send nothing, null or noughts. */
function usageOf(usage: OpenAIUsage | null | undefined): Usage | undefined {
  const { prompt_tokens = 0, completion_tokens = -1, prompt_tokens_details } = usage ?? {};
  const isCounted = [prompt_tokens - 1, completion_tokens].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isCounted) return undefined;
  const cached = prompt_tokens_details?.cached_tokens ?? 0;
  return {
    inputTokens: prompt_tokens,
    outputTokens: completion_tokens,
    ...(cached > 0 ? { cacheReadTokens: cached } : {}),
  };
}
