import { NotImplementedError } from '../errors.ts';
import type {
  ChatDelta,
  ChatOptions,
  ChatRequest,
  ChatResponse,
  LLM,
  LLMCapabilities,
  Usage,
} from '../llms/llm.ts';

/** A place in a script where the reply waits until the test opens it. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  readonly #reached = Promise.withResolvers<void>();

  /** Settles when a reply has come to the gate. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** Lets every reply that waits here go on, now and later. */
  open(): void {
    this.#opened.resolve();
  }

  /** Waits for the gate to open; throws the signal's reason where it is aborted first. */
  async pass(signal?: AbortSignal): Promise<void> {
    this.#reached.resolve();
    if (signal === undefined) return this.#opened.promise;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([this.#opened.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

/** A stream that breaks off without its `end`. */
export const BROKEN_OFF = Symbol('broken off');

/** A step of a reply: text to stream, a whole delta, an error to throw, a gate to wait at, or the stream's breaking off. */
export type ScriptStep = string | ChatDelta | Error | Gate | typeof BROKEN_OFF;

/** A reply: its steps, or a text that is streamed word by word. An `end` is added where it has none. */
export type Reply = string | readonly ScriptStep[];

/** The same reply to every request, or one made for each; `index` counts the calls from 0. */
export type Script = Reply | ((request: ChatRequest, index: number) => Reply);

/** What an LLM was asked, and what became of it. */
export interface ScriptedCall {
  readonly kind: keyof Pick<LLM, 'chat' | 'streamChat' | 'chatSync' | 'streamChatSync'>;
  readonly request: ChatRequest;
  readonly state: 'running' | 'ended' | 'failed' | 'aborted' | 'left';
  /** How many deltas were taken. */
  readonly deltas: number;
}

/** What a scripted LLM says of itself. */
export interface ScriptedLLMOptions {
  readonly name?: string;
  readonly capabilities?: Partial<LLMCapabilities>;
  readonly usage?: Usage;
}

type MutableCall = { -readonly [Key in keyof ScriptedCall]: ScriptedCall[Key] };

/** An LLM for tests that replies from a script and remembers its calls. */
export class ScriptedLLM implements LLM {
  readonly name: string;
  readonly capabilities: LLMCapabilities;
  readonly #script: Script;
  readonly #usage: Usage;
  readonly #calls: MutableCall[] = [];

  constructor(script: Script, options: ScriptedLLMOptions = {}) {
    this.name = options.name ?? 'scripted';
    this.#script = script;
    this.#usage = options.usage ?? { inputTokens: 10, outputTokens: 5 };
    this.capabilities = {
      chat: true,
      streamChat: true,
      chatSync: true,
      streamChatSync: true,
      followsInstructions: false,
      contextWindow: 100_000,
      ...options.capabilities,
    };
  }

  /** The calls so far, oldest first. */
  get calls(): readonly ScriptedCall[] {
    return this.#calls;
  }

  async chat(request: ChatRequest, options: ChatOptions = {}): Promise<ChatResponse> {
    let text = '';
    for await (const delta of this.#stream(this.#begin('chat', request), options)) {
      if (delta.type === 'end') return { text, stopReason: delta.stopReason, usage: delta.usage };
      if (delta.type === 'text') text += delta.text;
    }
    throw new Error('The scripted reply broke off.');
  }

  streamChat(request: ChatRequest, options: ChatOptions = {}): AsyncIterable<ChatDelta> {
    return this.#stream(this.#begin('streamChat', request), options);
  }

  chatSync(request: ChatRequest): ChatResponse {
    let text = '';
    for (const delta of this.#streamSync(this.#begin('chatSync', request))) {
      if (delta.type === 'end') return { text, stopReason: delta.stopReason, usage: delta.usage };
      if (delta.type === 'text') text += delta.text;
    }
    throw new Error('The scripted reply broke off.');
  }

  streamChatSync(request: ChatRequest): Iterable<ChatDelta> {
    return this.#streamSync(this.#begin('streamChatSync', request));
  }

  #begin(
    kind: ScriptedCall['kind'],
    request: ChatRequest,
  ): { call: MutableCall; steps: readonly ScriptStep[] } {
    if (!this.capabilities[kind]) throw new NotImplementedError(`${this.name} has no ${kind}.`);
    const call: MutableCall = { kind, request, state: 'running', deltas: 0 };
    const reply =
      typeof this.#script === 'function' ? this.#script(request, this.#calls.length) : this.#script;
    this.#calls.push(call);
    return { call, steps: typeof reply === 'string' ? (reply.match(/\s*\S+\s*$|\s*\S+/g) ?? []) : reply };
  }

  async *#stream(
    { call, steps }: { readonly call: MutableCall; readonly steps: readonly ScriptStep[] },
    { signal }: ChatOptions,
  ): AsyncGenerator<ChatDelta, void> {
    try {
      for (const step of [...steps, this.#end()]) {
        signal?.throwIfAborted();
        if (step instanceof Gate) await step.pass(signal);
        else {
          const delta = toDelta(step);
          if (delta === undefined) break;
          call.deltas += 1;
          if (delta.type === 'end') call.state = 'ended';
          yield delta;
          if (delta.type === 'end') return;
        }
      }
      call.state = 'ended';
    } catch (error) {
      call.state = signal?.aborted === true ? 'aborted' : 'failed';
      throw error;
    } finally {
      if (call.state === 'running') call.state = signal?.aborted === true ? 'aborted' : 'left';
    }
  }

  *#streamSync({
    call,
    steps,
  }: {
    readonly call: MutableCall;
    readonly steps: readonly ScriptStep[];
  }): Generator<ChatDelta, void> {
    for (const step of [...steps, this.#end()]) {
      // A gate cannot be waited for without giving up the thread: it counts as open.
      if (!(step instanceof Gate)) {
        const delta = toDelta(step);
        if (delta === undefined) break;
        call.deltas += 1;
        yield delta;
        if (delta.type === 'end') break;
      }
    }
    call.state = 'ended';
  }

  #end(): ChatDelta {
    return { type: 'end', stopReason: 'stop', usage: this.#usage };
  }
}

function toDelta(step: Exclude<ScriptStep, Gate>): ChatDelta | undefined {
  if (step === BROKEN_OFF) return undefined;
  if (step instanceof Error) throw step;
  return typeof step === 'string' ? { type: 'text', text: step } : step;
}
