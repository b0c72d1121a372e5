import { performance } from 'node:perf_hooks';
import { type AnswerChannel, openChannel } from './answer-channel.ts';
import { streamExceptionOf } from './bedrock-errors.ts';
import type { BedrockFault } from './bedrock-faults.ts';
import type { GenerationFrames, GenerationTimes } from './bedrock-generation.ts';
import type { AnswerTimes, BedrockExchange } from './bedrock-exchange.ts';
import { encodeEvent, encodeException, withWrongCrc } from './event-stream-encoder.ts';
import { Frame } from './frame.ts';
import type { Pace, Paced } from './pace.ts';

/** What an answer is streamed with. */
export interface StreamOptions {
  readonly frames: GenerationFrames;
  readonly times: AnswerTimes;
  readonly fault: BedrockFault | undefined;
  readonly pace: Pace;
}

const HEADERS = {
  'content-type': 'application/vnd.amazon.eventstream',
  'x-amzn-bedrock-content-type': 'application/json',
};
/** No write is larger, so that a reader who is behind is noticed in time. */
const MAX_TOKENS_A_WRITE = 512;
const NO_TIMES: GenerationTimes = { latencyMs: 0, firstTokenMs: 0 };

/** Streams an answer at its pace, with the fault that was ordered for it. */
export function streamAnswer(exchange: BedrockExchange, options: StreamOptions): void {
  const stream = new AnswerStream(exchange, options);
  exchange.onEnd(() => (stream.isCancelled = true));
  stream.begin();
}

class AnswerStream implements Paced {
  isCancelled = false;
  readonly #exchange: BedrockExchange;
  readonly #options: StreamOptions;
  readonly #channel: AnswerChannel;
  #fault: BedrockFault | undefined;
  #index = 0;
  #dueMs: number;
  #firstTokenMs = 0;
  #isBehind = false;

  constructor(exchange: BedrockExchange, options: StreamOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#fault = options.fault;
    this.#dueMs = options.times.firstTokenAtMs;
    this.#channel = openChannel(exchange.response, {
      headers: { ...HEADERS, 'x-amzn-requestid': exchange.requestId },
      onDrain: () => this.#goOn(),
    });
  }

  begin(): void {
    this.#options.pace.schedule(this, this.#dueMs);
  }

  onDue(nowMs: number): number | undefined {
    const { frames, times } = this.#options;
    const fault = this.#fault;
    const stopAt = fault === undefined ? frames.count : Math.min(fault.afterTokens, frames.count);
    const batch: Frame[] = [];
    const first = this.#index;
    while (this.#index < stopAt && this.#dueMs <= nowMs && batch.length < MAX_TOKENS_A_WRITE) {
      if (this.#index === 0) batch.push(...this.#head(nowMs));
      batch.push(frames.token(this.#index));
      this.#index += 1;
      this.#dueMs += times.gapMs();
    }
    const isFlowing = this.#channel.write(batch);
    this.#exchange.produced(this.#index - first);
    if (!isFlowing) {
      // Nothing is produced for a reader who does not read; the tokens after that come at their pace again.
      this.#isBehind = true;
      return undefined;
    }
    if (fault === undefined && this.#index === frames.count) {
      this.#end(nowMs);
      return undefined;
    }
    if (this.#index < stopAt || this.#dueMs > nowMs) return this.#dueMs;
    return fault === undefined ? undefined : this.#break(fault, nowMs);
  }

  #goOn(): void {
    if (!this.#isBehind || this.isCancelled) return;
    this.#isBehind = false;
    this.#dueMs = Math.max(this.#dueMs, performance.now());
    this.#options.pace.schedule(this, this.#dueMs);
  }

  #head(nowMs: number): readonly Frame[] {
    this.#firstTokenMs = Math.round(nowMs - this.#options.times.startedAtMs);
    return this.#options.frames.head;
  }

  #end(nowMs: number): void {
    const { frames, times } = this.#options;
    const took: GenerationTimes = {
      latencyMs: Math.round(nowMs - times.startedAtMs),
      firstTokenMs: this.#firstTokenMs,
    };
    this.#channel.write([...(this.#index === 0 ? frames.head : []), ...frames.tail(took)]);
    this.#exchange.finish('completed');
    this.#channel.end();
  }

  /** Gives when the answer goes on, where it does. */
  #break(fault: BedrockFault, nowMs: number): number | undefined {
    const exception = streamExceptionOf(fault);
    if (exception !== undefined) this.#close(encodeException(exception.type, exception.payload));
    else if (fault.kind === 'half-frame') {
      const { bytes } = this.#nextFrame();
      this.#close(bytes.subarray(0, Math.floor(bytes.length / 2)));
    } else if (fault.kind === 'bad-crc') this.#close(withWrongCrc(this.#nextFrame().bytes));
    else if (fault.kind === 'end-early') this.#close();
    else if (fault.kind === 'reset-inside') {
      this.#exchange.finish('broken');
      this.#channel.reset();
    } else if (fault.kind === 'unknown-event') {
      this.#channel.write([new Frame(encodeEvent('simulatedNews', { news: 'No client knows this event.' }))]);
      this.#fault = undefined;
      return nowMs;
    }
    // What is left is a stall: it stays open until its reader leaves.
    return undefined;
  }

  #close(lastBytes?: Buffer): void {
    if (lastBytes !== undefined) this.#channel.write([new Frame(lastBytes)]);
    this.#exchange.finish('broken');
    this.#channel.end();
  }

  #nextFrame(): Frame {
    const { frames } = this.#options;
    const [next = frames.token(this.#index)] =
      this.#index === 0 ? frames.head : this.#index < frames.count ? [] : frames.tail(NO_TIMES);
    return next;
  }
}
