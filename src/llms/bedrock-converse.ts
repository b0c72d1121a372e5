import { CitestreamError } from '../errors.ts';
import { type BedrockConnectionOptions, type BedrockSdk, openBedrock } from './bedrock-client.ts';
import { ConverseReply, usageOf } from './bedrock-converse-events.ts';
import { type ConverseRequestOptions, converseRequest } from './bedrock-converse-request.ts';
import {
  type ConverseEventSource,
  openRawConverseStream,
  openSdkConverseStream,
} from './bedrock-converse-stream.ts';
import { bedrockFailure, type FailedBedrockCall } from './bedrock-failure.ts';
import { bedrockContextWindow } from './bedrock-models.ts';
import { bedrockStopReason } from './bedrock-stop-reason.ts';
import { estimateUsage } from './estimate-usage.ts';
import type {
  ChatDelta,
  ChatOptions,
  ChatRequest,
  ChatResponse,
  LLM,
  LLMCapabilities,
  Usage,
} from './llm.ts';
import { unlessAborted } from './unless-aborted.ts';
import { refuseBlocking } from './refuse-blocking.ts';

/** Which model of Bedrock, how it is asked, and how AWS is reached. */
export interface BedrockConverseOptions extends ConverseRequestOptions, BedrockConnectionOptions {
  /** How many tokens a prompt and its reply have room for. @default known for the usual models, else 32,000 */
  readonly contextWindow?: number | undefined;
  /** Who decodes the stream: ours, or the SDK's, which costs more. @default 'lean' */
  readonly decoder?: 'lean' | 'sdk' | undefined;
}

/** Answers with a model of Amazon Bedrock through Converse and ConverseStream; wrap it in `resilientLLM`. */
export class BedrockConverse implements LLM {
  readonly name: string;
  readonly capabilities: LLMCapabilities;
  readonly #options: BedrockConverseOptions;
  readonly #bedrock: BedrockSdk;
  readonly #open: typeof openRawConverseStream;

  private constructor(options: BedrockConverseOptions, bedrock: BedrockSdk) {
    this.name = `bedrock-converse:${options.model}`;
    this.capabilities = {
      chat: true,
      streamChat: true,
      chatSync: false,
      streamChatSync: false,
      followsInstructions: true,
      contextWindow: options.contextWindow ?? bedrockContextWindow(options.model),
    };
    this.#options = options;
    this.#bedrock = bedrock;
    this.#open = options.decoder === 'sdk' ? openSdkConverseStream : openRawConverseStream;
  }

  /** Makes one without a call. */
  static async open(options: BedrockConverseOptions): Promise<BedrockConverse> {
    return new BedrockConverse(options, await openBedrock(options));
  }

  async chat(request: ChatRequest, { signal }: ChatOptions = {}): Promise<ChatResponse> {
    signal?.throwIfAborted();
    const { sdk, client } = this.#bedrock;
    const command = new sdk.ConverseCommand(converseRequest(request, this.#options, { streams: false }));
    try {
      const sent = client.send(command, signal === undefined ? {} : { abortSignal: signal });
      const { output, stopReason, usage } = await unlessAborted(sent, signal);
      const blocks = output?.message?.content ?? [];
      const text = blocks.map((block) => block.text ?? '').join('');
      const reasoning = blocks.map((block) => block.reasoningContent?.reasoningText?.text ?? '').join('');
      return {
        text,
        ...(reasoning === '' ? {} : { reasoning }),
        stopReason: bedrockStopReason(stopReason),
        usage: usage === undefined ? estimateUsage(request, text.length) : usageOf(usage),
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw bedrockFailure(error, this.#call('bedrock:InvokeModel'));
    }
  }

  async *streamChat(request: ChatRequest, { signal }: ChatOptions = {}): AsyncGenerator<ChatDelta, void> {
    signal?.throwIfAborted();
    const input = converseRequest(request, this.#options, { streams: true });
    const reply = new ConverseReply();
    let source: ConverseEventSource | undefined;
    let characters = 0;
    try {
      source = await unlessAborted(this.#open(this.#bedrock, input, signal), signal);
      for await (const events of source.batches) {
        for (const event of events) {
          const delta = reply.read(event);
          if (delta === undefined) continue;
          signal?.throwIfAborted();
          characters += delta.text.length;
          yield delta;
        }
        // Not the end of the body: nothing behind the last event is worth waiting for.
        if (reply.isComplete) break;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw bedrockFailure(error, this.#call('bedrock:InvokeModelWithResponseStream'));
    } finally {
      source?.finish(reply.isComplete);
    }
    signal?.throwIfAborted();
    yield this.#end(reply, () => estimateUsage(request, characters));
  }

  chatSync(): never {
    refuseBlocking(this.name, 'chat');
  }

  streamChatSync(): never {
    refuseBlocking(this.name, 'streamChat');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bedrock.client.destroy();
  }

  #end(reply: ConverseReply, estimate: () => Usage): ChatDelta {
    const end = reply.end(estimate);
    if (end !== undefined) return end;
    throw new CitestreamError(
      'UPSTREAM_UNAVAILABLE',
      `The answer of ${this.name} broke off before its end. Try again.`,
    );
  }

  #call(action: string): FailedBedrockCall {
    return { name: this.name, model: this.#options.model, action };
  }
}
