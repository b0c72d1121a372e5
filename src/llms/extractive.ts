import { setImmediate as nextTurnOfTheLoop, setTimeout as wait } from 'node:timers/promises';

import { chooseSentences } from './choose-sentences.ts';
import { estimateTokens } from './estimate-tokens.ts';
import type {
  ChatDelta,
  ChatOptions,
  ChatRequest,
  ChatResponse,
  LLM,
  LLMCapabilities,
  Usage,
} from './llm.ts';
import { questionTerms } from './question-terms.ts';
import { rankSentences } from './rank-sentences.ts';
import { nothingToQuote, writeQuotes } from './write-quotes.ts';

/** How the extractive LLM streams. */
export interface ExtractiveOptions {
  /** Milliseconds between two pieces of about three words, to look at a stream as it is. @default 0 */
  readonly paceMs?: number;
}

/** About three words; a script without spaces, in pieces of 24 characters. */
const PIECES = /\s*\S{1,24}(?:\s+\S{1,24}){0,2}\s*$|\s*\S{1,24}(?:\s+\S{1,24}){0,2}/gu;
const PIECES_PER_TURN_OF_THE_LOOP = 16;

/**
 * Answers without a model and without a key: quotes the sentences of the sources that answer best, verbatim, each with
 * its `[n]`, and says that it quotes. It reads `request.grounding`, never the prompt. Where the sources do not answer,
 * it says so and stops with `no_sources`. Its usage is estimated with `estimateTokens`, from question and sources and
 * from the answer.
 */
export class ExtractiveLLM implements LLM {
  readonly name = 'extractive';
  readonly capabilities: LLMCapabilities = {
    chat: true,
    streamChat: true,
    chatSync: true,
    streamChatSync: true,
    followsInstructions: false,
    contextWindow: Number.MAX_SAFE_INTEGER,
  };
  readonly #paceMs: number;

  constructor({ paceMs = 0 }: ExtractiveOptions = {}) {
    this.#paceMs = paceMs;
  }

  async chat(request: ChatRequest, { signal }: ChatOptions = {}): Promise<ChatResponse> {
    signal?.throwIfAborted();
    return Promise.resolve(this.chatSync(request));
  }

  async *streamChat(request: ChatRequest, { signal }: ChatOptions = {}): AsyncGenerator<ChatDelta, void> {
    signal?.throwIfAborted();
    let pieces = 0;
    for (const delta of this.streamChatSync(request)) {
      yield delta;
      pieces += 1;
      await this.#pause(pieces, signal);
    }
  }

  /** Blocks for the milliseconds it computes and never waits, so any thread may call it. */
  chatSync(request: ChatRequest): ChatResponse {
    const { grounding, maxTokens = Number.POSITIVE_INFINITY } = request;
    const question = grounding?.question ?? '';
    const sources = grounding?.sources ?? [];
    const asked = questionTerms(question);
    const chosen = chooseSentences(rankSentences(asked, sources), asked);
    const answer = chosen.length === 0 ? nothingToQuote(asked.language) : writeQuotes(chosen, asked.language);
    const text = firstTokens(answer, maxTokens);
    const read = estimateTokens(question) + sources.reduce((sum, { text }) => sum + estimateTokens(text), 0);
    const usage: Usage = { inputTokens: read, outputTokens: estimateTokens(text) };
    if (chosen.length === 0) return { text, stopReason: 'no_sources', usage };
    return { text, stopReason: text === answer ? 'stop' : 'length', usage };
  }

  /** As `chatSync`; the pieces come without a pace. */
  *streamChatSync(request: ChatRequest): Generator<ChatDelta, void> {
    const { text, stopReason, usage } = this.chatSync(request);
    for (const piece of text.match(PIECES) ?? []) yield { type: 'text', text: piece };
    yield { type: 'end', stopReason, usage };
  }

  async #pause(pieces: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      if (this.#paceMs > 0) await wait(this.#paceMs, undefined, signal === undefined ? {} : { signal });
      else if (pieces % PIECES_PER_TURN_OF_THE_LOOP === 0) await nextTurnOfTheLoop();
    } finally {
      // Its own reason, whatever the timer throws.
      signal?.throwIfAborted();
    }
  }
}

function firstTokens(text: string, maxTokens: number): string {
  let kept = '';
  for (const piece of text.match(PIECES) ?? []) {
    if (estimateTokens(kept + piece) > maxTokens) return kept;
    kept += piece;
  }
  return text;
}
