import { performance } from 'node:perf_hooks';
import { onReaderGone, resetConnection } from './answer-channel.ts';
import type { BedrockBehaviour } from './bedrock-behaviour.ts';
import { type BedrockTally, epochMs, type Outcome } from './bedrock-counts.ts';
import { type BedrockRefusal, errorTypeHeader, streamExceptionOf } from './bedrock-errors.ts';
import type { BedrockFault } from './bedrock-faults.ts';
import type { WholeAnswer } from './bedrock-generation.ts';
import type { AnyResponse } from './dual-protocol-server.ts';

/** When the tokens of one answer come, on the clock of `performance.now()`. */
export interface AnswerTimes {
  readonly startedAtMs: number;
  readonly firstTokenAtMs: number;
  /** From one token to the next, another one at each call. */
  readonly gapMs: () => number;
}

/** The times of an answer that begins now. */
export function answerTimes(
  { firstTokenDelayMs, tokensPerSecond, jitter }: BedrockBehaviour,
  random: () => number,
): AnswerTimes {
  const startedAtMs = performance.now();
  const meanMs = tokensPerSecond === 0 ? 0 : 1000 / tokensPerSecond;
  const gapMs = jitter === 0 ? () => meanMs : () => meanMs * (1 + jitter * (2 * random() - 1));
  return { startedAtMs, firstTokenAtMs: startedAtMs + firstTokenDelayMs, gapMs };
}

/** What an exchange is known by, and who counts it. */
export interface ExchangeOptions {
  readonly requestId: string;
  readonly modelId: string;
  readonly tally: BedrockTally;
  /** The simulator's time, in ms of the epoch. */
  readonly nowMs: () => number;
}

/** One request for a model and what becomes of it; counted exactly once however it ends. */
export class BedrockExchange {
  readonly requestId: string;
  readonly modelId: string;
  readonly response: AnyResponse;
  question = '';
  readonly #tally: BedrockTally;
  readonly #nowMs: () => number;
  readonly #endListeners: (() => void)[] = [];
  #hasEnded = false;
  #tokens = 0;
  #lastTokenAtMs: number | undefined;

  constructor(response: AnyResponse, { requestId, modelId, tally, nowMs }: ExchangeOptions) {
    this.requestId = requestId;
    this.modelId = modelId;
    this.response = response;
    this.#tally = tally;
    this.#nowMs = nowMs;
    tally.open();
    onReaderGone(response, () => this.#leave());
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Called once, however the exchange ends. */
  onEnd(listener: () => void): void {
    if (this.#hasEnded) listener();
    else this.#endListeners.push(listener);
  }

  produced(tokens: number): void {
    if (tokens === 0) return;
    this.#tokens += tokens;
    this.#lastTokenAtMs = epochMs();
    this.#tally.tokens(tokens);
  }

  finish(outcome: Outcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tally.end(outcome);
    for (const listener of this.#endListeners) listener();
  }

  /** Answers with an error, as Bedrock words it. */
  refuse({ status, type, message, headers, members }: BedrockRefusal): void {
    if (this.#hasEnded) return;
    this.finish('refused');
    const body = JSON.stringify({ message, ...members });
    this.response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-amzn-requestid': this.requestId,
      'x-amzn-errortype': errorTypeHeader(type),
      // The SDK sets its clock by this header when its signature is out of time.
      date: new Date(this.#nowMs()).toUTCString(),
      ...headers,
    });
    this.response.end(body);
  }

  /** Answers with one JSON object, broken by the fault where one was ordered. */
  answer({ body, headers }: WholeAnswer, fault?: BedrockFault): void {
    if (this.#hasEnded) return;
    const exception = fault === undefined ? undefined : streamExceptionOf(fault);
    if (exception !== undefined) {
      this.refuse(exception.refusal);
      return;
    }
    const bytes = Buffer.from(JSON.stringify(body));
    this.response.writeHead(200, {
      'content-type': 'application/json',
      'x-amzn-requestid': this.requestId,
      ...headers,
    });
    if (fault === undefined || !BREAKS_A_WHOLE_ANSWER.has(fault.kind)) {
      this.finish('completed');
      this.response.end(bytes);
      return;
    }
    const half = bytes.subarray(0, Math.floor(bytes.length / 2));
    if (fault.kind === 'stall-inside') {
      this.response.write(half);
      return;
    }
    this.finish('broken');
    if (fault.kind === 'reset-inside') this.response.write(half, () => resetConnection(this.response));
    else this.response.end(half);
  }

  #leave(): void {
    if (this.#hasEnded) return;
    // Its reader did not leave, the simulator did.
    if (this.#tally.isClosed) {
      this.finish('broken');
      return;
    }
    this.#tally.abort({
      requestId: this.requestId,
      modelId: this.modelId,
      question: this.question,
      noticedAtMs: epochMs(),
      tokens: this.#tokens,
      ...(this.#lastTokenAtMs === undefined ? {} : { lastTokenAtMs: this.#lastTokenAtMs }),
    });
    this.finish('aborted');
  }
}

/** An unknown event or a checksum is nothing that an answer without frames has; half of it is. */
const BREAKS_A_WHOLE_ANSWER: ReadonlySet<string> = new Set([
  'reset-inside',
  'stall-inside',
  'half-frame',
  'bad-crc',
  'end-early',
]);
