import { CitestreamError } from '../errors.ts';
import { AdaptiveConcurrency, type CallSlot } from './adaptive-concurrency.ts';
import { CircuitBreaker, type CircuitPass } from './circuit-breaker.ts';
import { type Clock, sleepOn } from './clock.ts';
import { guardedPieces } from './guarded-pieces.ts';
import { LimitedSignal } from './limited-signal.ts';
import type { ChatDelta, ChatOptions, ChatRequest, ChatResponse, LLM, LLMCapabilities } from './llm.ts';
import { type Resilience, resilienceOf, type ResilienceOptions } from './resilience-options.ts';
import { isPassing, retryDelayMs } from './retry-with-jitter.ts';

/**
 * The same LLM with what a provider far away takes: time-outs that end the upstream call, one layer of retries, a
 * breaker, as many calls at a time as it bears, and fail-over, all before the first token of text: what fails later is
 * thrown as it is, so that no token comes twice. The calls named `…Sync` pass through.
 *
 * It keeps the name of the LLM that it is made from; what another one answered says so in `answeredBy`, and has that
 * one's usage.
 */
export function resilientLLM(llm: LLM, options: ResilienceOptions = {}): ResilientLLM {
  return new ResilientLLM(llm, options);
}

/** One way of asking an LLM. */
interface Ask<T> {
  readonly open: (llm: LLM, signal: AbortSignal) => AsyncIterable<T>;
  /** Whether the reader has a part of the answer with it. */
  readonly isAnswer: (piece: T) => boolean;
  readonly isLast: (piece: T) => boolean;
  readonly isStreamed: boolean;
  readonly signed: (piece: T, answeredBy: string) => T;
}

/** What `resilientLLM` makes; its parts tell how the provider fares. */
export class ResilientLLM implements LLM {
  readonly name: string;
  readonly capabilities: LLMCapabilities;
  readonly concurrency: AdaptiveConcurrency;
  readonly breaker: CircuitBreaker;
  readonly #llm: LLM;
  readonly #fallback: LLM | undefined;
  readonly #options: Resilience;

  constructor(llm: LLM, options: ResilienceOptions = {}) {
    this.#llm = llm;
    this.#fallback = options.fallback;
    this.#options = resilienceOf(options);
    this.name = llm.name;
    this.capabilities = capabilitiesOf(llm, options.fallback);
    const { minConcurrent, maxConcurrent, maxQueued, breakerFailures, breakerOpenMs, clock } = this.#options;
    this.concurrency = new AdaptiveConcurrency({
      name: llm.name,
      min: minConcurrent,
      max: maxConcurrent,
      maxQueued,
    });
    this.breaker = new CircuitBreaker({
      name: llm.name,
      maxFailures: breakerFailures,
      openMs: breakerOpenMs,
      clock,
    });
  }

  async chat(request: ChatRequest, options: ChatOptions = {}): Promise<ChatResponse> {
    if (!this.capabilities.chat) return this.#llm.chat(request, options);
    const replies = this.#answer(options.signal, {
      open: (llm, signal) => wholeReply(llm, request, signal),
      isAnswer: () => true,
      isLast: () => true,
      isStreamed: false,
      signed: (reply: ChatResponse, answeredBy) => ({ answeredBy, ...reply }),
    });
    for await (const reply of replies) return reply;
    throw new TypeError('There is always a reply or an error.');
  }

  streamChat(request: ChatRequest, options: ChatOptions = {}): AsyncIterable<ChatDelta> {
    if (!this.capabilities.streamChat) return this.#llm.streamChat(request, options);
    return this.#answer<ChatDelta>(options.signal, {
      open: (llm, signal) => llm.streamChat(request, { signal }),
      isAnswer: ({ type }) => type !== 'reasoning',
      isLast: ({ type }) => type === 'end',
      isStreamed: true,
      signed: (delta, answeredBy) => (delta.type === 'end' ? { answeredBy, ...delta } : delta),
    });
  }

  chatSync(request: ChatRequest): ChatResponse {
    return this.#llm.chatSync(request);
  }

  streamChatSync(request: ChatRequest): Iterable<ChatDelta> {
    return this.#llm.streamChatSync(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#llm[Symbol.asyncDispose]?.(), this.#fallback?.[Symbol.asyncDispose]?.()]);
  }

  async *#answer<T>(signal: AbortSignal | undefined, ask: Ask<T>): AsyncGenerator<T, void> {
    signal?.throwIfAborted();
    const { totalMs, clock, onEvent } = this.#options;
    using call = new LimitedSignal(signal, clock);
    if (totalMs > 0) call.limit(totalMs, () => this.#tookTooLong());
    let failure: unknown;
    for (let attempt = 1; ; attempt += 1) {
      const tried = await this.#admit(call).catch((error: unknown) => {
        // Why it was tried again tells more than why that was refused.
        failure ??= error;
      });
      if (tried === undefined) break;
      const { name } = this.#llm;
      const { scope, slot, pass } = tried;
      let hasAnswer = false;
      try {
        const open = (signal: AbortSignal): AsyncIterable<T> => ask.open(this.#llm, signal);
        const limits = ask.isStreamed ? this.#options : undefined;
        for await (const piece of guardedPieces(scope, { name, open, isLast: ask.isLast, limits })) {
          if (!hasAnswer && ask.isAnswer(piece)) {
            hasAnswer = true;
            slot.succeeded();
            pass.answered();
          }
          if (ask.isLast(piece)) slot.release();
          yield piece;
        }
        return;
      } catch (error) {
        failure = error;
        if (signal?.aborted !== true) judge(error, tried);
      } finally {
        tried[Symbol.dispose]();
      }
      if (hasAnswer) throw failure;
      call.signal.throwIfAborted();
      const delayMs = retryDelayMs(failure, attempt, this.#options);
      if (delayMs === undefined) break;
      onEvent({ type: 'retry', attempt, delayMs, error: failure });
      await sleepOn(clock, delayMs, call.signal);
    }
    call.signal.throwIfAborted();
    yield* this.#failOver(failure, call.signal, ask);
  }

  /** Waits for a place, and lets no call through while the circuit is open. */
  async #admit(call: LimitedSignal): Promise<Try> {
    // Before it waits, and again once it has: the provider may have gone down meanwhile.
    this.breaker.check();
    const slot = await this.concurrency.enter(call.signal);
    try {
      return new Try(slot, this.breaker.enter(), call.signal, this.#options.clock);
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  async *#failOver<T>(failure: unknown, above: AbortSignal, ask: Ask<T>): AsyncGenerator<T, void> {
    const fallback = this.#fallback;
    const isOverloaded = failure instanceof CitestreamError && failure.code === 'OVERLOADED';
    if (fallback === undefined || !(isOverloaded || isPassing(failure))) throw failure;
    const { name } = fallback;
    this.#options.onEvent({ type: 'fail-over', to: name, error: failure });
    using scope = new LimitedSignal(above, this.#options.clock);
    const open = (signal: AbortSignal): AsyncIterable<T> => ask.open(fallback, signal);
    // Silence is the fallback's own affair: its tries would not fit into one limit of ours.
    for await (const piece of guardedPieces(scope, { name, open, isLast: ask.isLast, limits: undefined })) {
      yield ask.signed(piece, name);
    }
  }

  #tookTooLong(): CitestreamError {
    return new CitestreamError(
      'TIMEOUT',
      `The answer of ${this.name} took longer than ${this.#options.totalMs / 1000} s in all. Ask for less, or raise generation.totalMs.`,
    );
  }
}

/** One upstream call, with what it holds. */
class Try implements Disposable {
  readonly slot: CallSlot;
  readonly pass: CircuitPass;
  readonly scope: LimitedSignal;
  readonly #above: AbortSignal;
  readonly #giveBack = (): void => this.slot.release();

  constructor(slot: CallSlot, pass: CircuitPass, above: AbortSignal, clock: Clock) {
    this.slot = slot;
    this.pass = pass;
    this.scope = new LimitedSignal(above, clock);
    this.#above = above;
    // At once, and not when the reader comes back, who may be busy.
    above.addEventListener('abort', this.#giveBack, { once: true });
  }

  [Symbol.dispose](): void {
    this.#above.removeEventListener('abort', this.#giveBack);
    this.scope[Symbol.dispose]();
    this.pass.left();
    this.slot.release();
  }
}

/** Tells the limits what a failure means: throttling is too much of ours, and no sign that the provider is down. */
function judge(error: unknown, { slot, pass }: Try): void {
  const isThrottled = error instanceof CitestreamError && error.code === 'THROTTLED';
  if (isThrottled) slot.throttled();
  if (isPassing(error) && !isThrottled) pass.failed();
  else pass.answered();
}

/** A prompt has to fit whoever answers it, and the fallback has to be able to. */
function capabilitiesOf(llm: LLM, fallback: LLM | undefined): LLMCapabilities {
  if (fallback === undefined) return llm.capabilities;
  for (const call of ['chat', 'streamChat'] as const) {
    if (llm.capabilities[call] && !fallback.capabilities[call]) {
      throw new CitestreamError(
        'CONFIGURATION',
        `${fallback.name} has no ${call} and cannot stand in for ${llm.name}. Name another fallback.`,
      );
    }
  }
  return {
    ...llm.capabilities,
    followsInstructions: llm.capabilities.followsInstructions && fallback.capabilities.followsInstructions,
    contextWindow: Math.min(llm.capabilities.contextWindow, fallback.capabilities.contextWindow),
  };
}

async function* wholeReply(
  llm: LLM,
  request: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatResponse, void> {
  yield await llm.chat(request, { signal });
}
