/** One message of a conversation with a model. */
export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** What a prompt was made from, for an LLM that quotes its sources and reads no prompt. */
export interface Grounding {
  readonly question: string;
  readonly sources: readonly GroundingSource[];
}

/** A passage to answer from. */
export interface GroundingSource {
  /** The n of `[n]`. */
  readonly id: number;
  readonly text: string;
  /** The title of its document. */
  readonly title?: string;
  /** The heading that its beginning stands under, with those above it: `Guide › Setup`. */
  readonly heading?: string;
}

/** What a model is asked. */
export interface ChatRequest {
  readonly system?: string;
  /** Never empty; the first and the last are the user's. */
  readonly messages: readonly ChatMessage[];
  readonly grounding?: Grounding;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  /** The reply ends before the first of these texts. */
  readonly stopSequences?: readonly string[];
}

/** Tokens as the provider counted them; estimated where it does not. */
export interface Usage {
  /** All of the prompt, with what came from a prompt cache. */
  readonly inputTokens: number;
  /** All that was written, with what was only thought. */
  readonly outputTokens: number;
  /** How many of the input tokens were read from a prompt cache. */
  readonly cacheReadTokens?: number;
  /** How many of the input tokens were written to a prompt cache. */
  readonly cacheWriteTokens?: number;
}

/** Why a model stopped writing. */
export type StopReason = 'stop' | 'length' | 'content_filter' | 'no_sources';

/** A piece of a streamed reply; a stream that ends without `end` has failed. */
export type ChatDelta =
  | { readonly type: 'text'; readonly text: string }
  /** What the model thinks before it answers; never a part of the answer. */
  | { readonly type: 'reasoning'; readonly text: string }
  | {
      readonly type: 'end';
      readonly stopReason: StopReason;
      readonly usage: Usage;
      /** Which LLM answered, where another stepped in. */
      readonly answeredBy?: string;
    };

/** A whole reply. */
export interface ChatResponse {
  readonly text: string;
  /** What the model thought before it answered, where it tells. */
  readonly reasoning?: string;
  readonly stopReason: StopReason;
  readonly usage: Usage;
  /** Which LLM answered, where another stepped in. */
  readonly answeredBy?: string;
}

/** What an LLM can do; a mode that needs more is refused at start-up. */
export interface LLMCapabilities {
  readonly chat: boolean;
  readonly streamChat: boolean;
  readonly chatSync: boolean;
  readonly streamChatSync: boolean;
  /** True where it can rewrite a follow-up into a question that stands alone. */
  readonly followsInstructions: boolean;
  /** How many tokens a prompt and its reply have room for. */
  readonly contextWindow: number;
}

/** Options of every call that waits. */
export interface ChatOptions {
  readonly signal?: AbortSignal;
}

/** Writes answers; implement this to add a provider. What it cannot do throws `NotImplementedError` at the call. */
export interface LLM {
  /** Provider and model, as in `bedrock-converse:anthropic.claude-…`. */
  readonly name: string;
  readonly capabilities: LLMCapabilities;
  chat(request: ChatRequest, options?: ChatOptions): Promise<ChatResponse>;
  /** Text as it is written; aborting the signal, or leaving the loop, ends the upstream call. */
  streamChat(request: ChatRequest, options?: ChatOptions): AsyncIterable<ChatDelta>;
  /** Blocks the calling worker thread; refused on the main thread. */
  chatSync(request: ChatRequest): ChatResponse;
  /** Blocks the calling worker thread between pieces; refused on the main thread. */
  streamChatSync(request: ChatRequest): Iterable<ChatDelta>;
  /** Ends its connections, where it holds any. */
  [Symbol.asyncDispose]?(): Promise<void>;
}
