import { NotImplementedError } from '../errors.ts';
import { type BedrockConnectionOptions, type BedrockSdk, openBedrock } from './bedrock-client.ts';
import { alternatingMessages } from './bedrock-converse-request.ts';
import { bedrockFailure } from './bedrock-failure.ts';
import type { InvokeCodec, Json } from './bedrock-invoke-body.ts';
import { countsOfHeaders, invokeCodecOf, replyOf } from './bedrock-invoke-codec.ts';
import { bedrockContextWindow } from './bedrock-models.ts';
import type { ChatDelta, ChatOptions, ChatRequest, ChatResponse, LLM, LLMCapabilities } from './llm.ts';
import { unlessAborted } from './unless-aborted.ts';
import { refuseBlocking } from './refuse-blocking.ts';

/** Which model of Bedrock is invoked, and how AWS is reached. */
export interface BedrockOptions extends BedrockConnectionOptions {
  /** A model id, an inference profile's id, or an ARN that ends in one of them. */
  readonly model: string;
  /** How many tokens a prompt and its reply have room for. @default known for the usual models, else 32,000 */
  readonly contextWindow?: number | undefined;
}

/** The bodies of some vendors have to name a bound. */
const MAX_TOKENS = 2048;

/**
 * Answers with a model of Amazon Bedrock through InvokeModel, in the body of the model's vendor. It has no asynchronous
 * stream: `streamChat` throws at the call. `BedrockConverse` has one.
 */
export class Bedrock implements LLM {
  readonly name: string;
  readonly capabilities: LLMCapabilities;
  readonly #model: string;
  readonly #codec: InvokeCodec;
  readonly #bedrock: BedrockSdk;

  private constructor(options: BedrockOptions, codec: InvokeCodec, bedrock: BedrockSdk) {
    this.name = `bedrock:${options.model}`;
    this.capabilities = {
      chat: true,
      streamChat: false,
      chatSync: false,
      streamChatSync: false,
      followsInstructions: true,
      contextWindow: options.contextWindow ?? bedrockContextWindow(options.model),
    };
    this.#model = options.model;
    this.#codec = codec;
    this.#bedrock = bedrock;
  }

  /** Makes one without a call; throws CONFIGURATION for a model whose bodies are not known. */
  static async open(options: BedrockOptions): Promise<Bedrock> {
    const codec = invokeCodecOf(options.model);
    return new Bedrock(options, codec, await openBedrock(options));
  }

  async chat(request: ChatRequest, { signal }: ChatOptions = {}): Promise<ChatResponse> {
    signal?.throwIfAborted();
    const { grounding: _, ...asked } = request;
    const body = this.#codec.body({
      ...asked,
      messages: alternatingMessages(request.messages),
      maxTokens: request.maxTokens ?? MAX_TOKENS,
    });
    try {
      const { reply, headers } = await this.#invoke(body, signal);
      return replyOf(this.#codec.readWhole(reply), countsOfHeaders(headers), request);
    } catch (error) {
      signal?.throwIfAborted();
      throw bedrockFailure(error, { name: this.name, model: this.#model, action: 'bedrock:InvokeModel' });
    }
  }

  /** Throws at the call, before anything is sent to a reader. */
  streamChat(): AsyncIterable<ChatDelta> {
    throw new NotImplementedError(
      `${this.name} has no asynchronous stream: use bedrock-converse:${this.#model}, or a mode that blocks (sync or sequential).`,
    );
  }

  chatSync(): ChatResponse {
    refuseBlocking(this.name, 'chat');
  }

  streamChatSync(): Iterable<ChatDelta> {
    refuseBlocking(this.name, 'chat');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bedrock.client.destroy();
  }

  async #invoke(
    body: Json,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly reply: Json; readonly headers: Readonly<Record<string, string>> }> {
    const { sdk, client } = this.#bedrock;
    const command = new sdk.InvokeModelCommand({
      modelId: this.#model,
      contentType: 'application/json',
      accept: 'application/json',
      body: JSON.stringify(body),
    });
    let headers: Readonly<Record<string, string>> = {};
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        ({ headers } = result.response as { readonly headers: typeof headers });
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'readTokenCounts' },
    );
    const sent = client.send(command, signal === undefined ? {} : { abortSignal: signal });
    const output = await unlessAborted(sent, signal);
    return { reply: JSON.parse(output.body.transformToString()) as Json, headers };
  }
}
