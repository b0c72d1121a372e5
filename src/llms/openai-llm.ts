import type { ChatCompletion } from 'openai/resources/chat/completions';
import type { Stream } from 'openai/streaming';

import { CitestreamError } from '../errors.ts';
import type { ChatDelta, ChatOptions, ChatRequest, ChatResponse, LLM, LLMCapabilities } from './llm.ts';
import { type OpenAIConnection, type OpenAIConnectionOptions, openOpenAI } from './openai-client.ts';
import { openAIContextWindow } from './openai-models.ts';
import { type OpenAIChunk, OpenAIReply } from './openai-reply.ts';
import { dialectAfter, type OpenAIDialect, openAIRequest } from './openai-request.ts';
import { closeOpenAIStream, openAIChunks } from './openai-stream.ts';
import { unlessAborted } from './unless-aborted.ts';
import { refuseBlocking } from './refuse-blocking.ts';

/** Which model of which server, and how it is asked. */
export interface OpenAILLMOptions extends OpenAIConnectionOptions {
  readonly model: string;
  /** How many tokens a prompt and its reply have room for. @default known for OpenAI's models, else 8,000 */
  readonly contextWindow?: number | undefined;
  /** What is sent beyond the usual, as in `{ reasoning_effort: 'low' }`. */
  readonly additionalFields?: Readonly<Record<string, unknown>> | undefined;
}

/** Answers with OpenAI and everything that speaks its protocol: vLLM, Ollama, llama.cpp, LiteLLM, Azure; wrap it in `resilientLLM`. */
export class OpenAILLM implements LLM {
  readonly name: string;
  readonly capabilities: LLMCapabilities;
  readonly #options: OpenAILLMOptions;
  readonly #connection: OpenAIConnection;
  #dialect: OpenAIDialect;

  private constructor(options: OpenAILLMOptions, connection: OpenAIConnection) {
    this.name = `openai:${options.model}`;
    this.capabilities = {
      chat: true,
      streamChat: true,
      chatSync: false,
      streamChatSync: false,
      followsInstructions: true,
      contextWindow: options.contextWindow ?? openAIContextWindow(options.model),
    };
    this.#options = options;
    this.#connection = connection;
    this.#dialect = {
      limitField: connection.isOpenAI ? 'max_completion_tokens' : 'max_tokens',
      refused: new Set(),
    };
  }

  /** Makes one without a call. */
  static async open(options: OpenAILLMOptions): Promise<OpenAILLM> {
    return new OpenAILLM(options, await openOpenAI(options));
  }

  async chat(request: ChatRequest, { signal }: ChatOptions = {}): Promise<ChatResponse> {
    signal?.throwIfAborted();
    const reply = new OpenAIReply(this.name, request);
    const texts = { text: '', reasoning: '' };
    try {
      const completion = await this.#ask<ChatCompletion>(request, { streams: false, signal });
      // Whatever else answers with 200 may answer with no JSON.
      const chunk = (completion ?? {}) as OpenAIChunk;
      this.#refuseErrorIn(chunk);
      for (const { type, text } of reply.read(chunk)) texts[type] += text;
      if (!reply.hasChoice) throw this.#noReply();
    } catch (error) {
      signal?.throwIfAborted();
      await this.#throwUnlessHeldBack(error);
      return { text: '', ...endOf(reply, 'content_filter') };
    }
    const { text, reasoning } = texts;
    return { text, ...(reasoning === '' ? {} : { reasoning }), ...endOf(reply) };
  }

  async *streamChat(request: ChatRequest, { signal }: ChatOptions = {}): AsyncGenerator<ChatDelta, void> {
    signal?.throwIfAborted();
    const reply = new OpenAIReply(this.name, request);
    let stream: Stream<unknown> | undefined;
    let isHeldBack = false;
    try {
      stream = await this.#ask<Stream<unknown>>(request, { streams: true, signal });
      for await (const chunk of openAIChunks(stream, reply, signal)) {
        if (!reply.isFinished) this.#refuseErrorIn(chunk);
        for (const piece of reply.read(chunk)) {
          signal?.throwIfAborted();
          yield piece;
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      await this.#throwUnlessHeldBack(error);
      isHeldBack = true;
    } finally {
      if (stream !== undefined && !reply.isFinished) closeOpenAIStream(stream);
    }
    // The client ends a stream that was aborted as if it were over.
    signal?.throwIfAborted();
    if (!isHeldBack && !reply.isFinished) throw reply.hasChoice ? this.#brokenOff() : this.#noReply();
    yield reply.end('content_filter');
  }

  chatSync(): never {
    refuseBlocking(this.name, 'chat');
  }

  streamChatSync(): never {
    refuseBlocking(this.name, 'streamChat');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }

  /** Asks, and asks again where the server only refuses how it is asked; what it refused is left out from then on. */
  async #ask<T>(
    request: ChatRequest,
    { streams, signal }: { readonly streams: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<T> {
    const { model, additionalFields } = this.#options;
    const { client, sdk } = this.#connection;
    for (let dialect = this.#dialect; ;) {
      const body = openAIRequest(request, { model, dialect, streams, additionalFields });
      try {
        const call = client.chat.completions.create(body, signal === undefined ? {} : { signal });
        return (await unlessAborted(Promise.resolve(call), signal)) as T;
      } catch (error) {
        signal?.throwIfAborted();
        const next = error instanceof sdk.APIError ? dialectAfter(dialect, body, error) : undefined;
        if (next === undefined) throw error;
        dialect = next;
        this.#dialect = next;
      }
    }
  }

  /** Some say with 200 what went wrong. */
  #refuseErrorIn(chunk: OpenAIChunk): void {
    if (Array.isArray(chunk.choices)) return;
    const { error, message } = chunk as { readonly error?: unknown; readonly message?: unknown };
    if (error === undefined && typeof message !== 'string') return;
    throw new this.#connection.sdk.APIError(undefined, error ?? chunk, undefined, undefined);
  }

  /** A prompt that a provider's filter held back has an answer: none. Every other error is thrown. */
  async #throwUnlessHeldBack(error: unknown): Promise<void> {
    const { openAIFailure, isHeldBack } = await import('./openai-failure.ts');
    if (isHeldBack(error)) return;
    const { url, secrets } = this.#connection;
    throw openAIFailure(error, { name: this.name, model: this.#options.model, url, secrets });
  }

  #noReply(): CitestreamError {
    return new CitestreamError(
      'LLM_FAILED',
      `${this.#connection.url} answered without a reply. Correct the address: it is the root of the API and often ends in /v1.`,
    );
  }

  #brokenOff(): CitestreamError {
    return new CitestreamError(
      'LLM_FAILED',
      `The answer of ${this.name} broke off before its end. Try again; if it stays, look at the server's log.`,
    );
  }
}

function endOf(reply: OpenAIReply, otherwise?: 'content_filter'): Pick<ChatResponse, 'stopReason' | 'usage'> {
  const { stopReason, usage } = reply.end(otherwise);
  return { stopReason, usage };
}
