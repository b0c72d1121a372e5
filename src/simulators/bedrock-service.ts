import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { checkSignature, type SigningCredentials } from './aws-signature.ts';
import { resetConnection } from './answer-channel.ts';
import { questionOf } from './bedrock-answer.ts';
import type { BedrockBehaviour } from './bedrock-behaviour.ts';
import { converseFormat } from './bedrock-converse-format.ts';
import type { BedrockTally } from './bedrock-counts.ts';
import { embed, type EmbeddingAnswer } from './bedrock-embeddings.ts';
import { QUOTA_REFUSAL, refusalOf, validationError } from './bedrock-errors.ts';
import { answerTimes, BedrockExchange } from './bedrock-exchange.ts';
import { type BedrockFault, type FaultOrders, isLate } from './bedrock-faults.ts';
import { generate, GenerationMemory } from './bedrock-generate.ts';
import type { AnswerFormat } from './bedrock-generation.ts';
import { invokeFormat } from './bedrock-invoke-format.ts';
import {
  type GenerationRequest,
  type Json,
  parseBody,
  readConverse,
  RefusedRequest,
} from './bedrock-request.ts';
import { streamAnswer } from './bedrock-stream.ts';
import { vendorOf } from './bedrock-vendors.ts';
import type { AnyRequest, AnyResponse } from './dual-protocol-server.ts';
import { FrameCache } from './frame.ts';
import { Pace } from './pace.ts';
import { readBody } from './read-body.ts';
import { seededRandom } from './seeded-random.ts';

/** What the service answers with, all of it changed from outside while it runs. */
export interface BedrockServiceOptions {
  readonly credentials: SigningCredentials;
  readonly region: string;
  readonly tally: BedrockTally;
  readonly faults: FaultOrders;
  readonly behaviour: () => BedrockBehaviour;
  /** The simulator's time, in ms of the epoch. */
  readonly nowMs: () => number;
}

interface Operation {
  readonly name: string;
  readonly streams: boolean;
  /** What IAM calls it. */
  readonly action: string;
}

interface AcceptedRequest {
  readonly operation: Operation;
  readonly body: Buffer;
  readonly fault?: BedrockFault | undefined;
}

const WHOLE = { streams: false, action: 'InvokeModel' };
const STREAMED = { streams: true, action: 'InvokeModelWithResponseStream' };
const OPERATIONS: Readonly<Record<string, Operation>> = {
  converse: { name: 'Converse', ...WHOLE },
  'converse-stream': { name: 'ConverseStream', ...STREAMED },
  invoke: { name: 'InvokeModel', ...WHOLE },
  'invoke-with-response-stream': { name: 'InvokeModelWithResponseStream', ...STREAMED },
};
const PATH = /^(?:\/[^/?]+)*?\/model\/([^/?]+)\/([a-z-]+)$/;

/** The service behind the simulator's port: every request for a model comes here. */
export class BedrockService {
  readonly #options: BedrockServiceOptions;
  readonly #pace = new Pace();
  readonly #frames = new FrameCache();
  readonly #memory = new GenerationMemory();
  readonly #converse: AnswerFormat = converseFormat(this.#frames);
  #turn = 0;

  constructor(options: BedrockServiceOptions) {
    this.#options = options;
  }

  /** Answers a request, whatever it is; never rejects. */
  async serve(request: AnyRequest, response: AnyResponse): Promise<void> {
    const [, encodedModelId = '', word = ''] = PATH.exec(request.url ?? '') ?? [];
    const operation = request.method === 'POST' ? OPERATIONS[word] : undefined;
    const { tally, nowMs } = this.#options;
    const modelId = decode(encodedModelId);
    tally.request(operation?.name ?? 'unknown');
    response.on('error', () => {});
    const exchange = new BedrockExchange(response, { requestId: randomUUID(), modelId, tally, nowMs });
    try {
      const body = await readBody(request);
      if (operation === undefined) {
        exchange.refuse({
          status: 404,
          type: 'UnknownOperationException',
          message: `${request.url} is no operation.`,
        });
        return;
      }
      if (body === undefined) {
        exchange.refuse({ ...validationError('Request body is too large.'), status: 413 });
        return;
      }
      const refusal = this.#checkSignature(request, body);
      if (refusal === undefined) this.#accept(exchange, operation, body);
      else exchange.refuse({ status: 403, ...refusal });
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  stop(): void {
    this.#pace.stop();
  }

  #accept(exchange: BedrockExchange, operation: Operation, body: Buffer): void {
    const { faults, region } = this.#options;
    const { modelId, response } = exchange;
    const fault = faults.take({ modelId });
    const refusal =
      fault === undefined ? undefined : refusalOf(fault, { action: operation.action, modelId, region });
    if (refusal !== undefined) exchange.refuse(refusal);
    else if (fault?.kind === 'reset-before') {
      exchange.finish('broken');
      resetConnection(response);
    } else if (fault?.kind === 'slow-headers') {
      this.#later(exchange, fault.delayMs, () => this.#answer(exchange, { operation, body }));
    } else if (fault?.kind !== 'stall-before') this.#answer(exchange, { operation, body, fault });
  }

  #checkSignature(request: AnyRequest, body: Buffer) {
    const { credentials, region, nowMs } = this.#options;
    return checkSignature(
      { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body },
      { credentials, region, service: 'bedrock', nowMs: nowMs() },
    );
  }

  #answer(exchange: BedrockExchange, { operation, body, fault }: AcceptedRequest): void {
    const late = fault !== undefined && isLate(fault) ? fault : undefined;
    try {
      const json = parseBody(body);
      const embedded =
        operation.name === 'InvokeModel' ? embed(exchange.modelId, json, exchange.requestId) : undefined;
      if (embedded === undefined) this.#generate(exchange, { operation, json, fault: late });
      else this.#embed(exchange, embedded, late);
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #embed(
    exchange: BedrockExchange,
    { body, texts, inputTokens }: EmbeddingAnswer,
    fault: BedrockFault | undefined,
  ): void {
    const { tally, behaviour } = this.#options;
    tally.texts(texts);
    const headers = { 'x-amzn-bedrock-input-token-count': String(inputTokens) };
    this.#later(exchange, behaviour().firstTokenDelayMs, () => exchange.answer({ body, headers }, fault));
  }

  #generate(
    exchange: BedrockExchange,
    {
      operation,
      json,
      fault,
    }: { readonly operation: Operation; readonly json: Json; readonly fault: BedrockFault | undefined },
  ): void {
    const { tally } = this.#options;
    const behaviour = this.#options.behaviour();
    if (behaviour.maxStreams !== undefined && tally.openNow > behaviour.maxStreams) {
      tally.overQuota();
      exchange.refuse(QUOTA_REFUSAL);
      return;
    }
    const { format, request } = this.#read(exchange, operation, json);
    exchange.question = questionOf(request.prompt);
    const turn = this.#turn;
    this.#turn += 1;
    const { requestId, modelId } = exchange;
    const generation = generate({ request, behaviour, requestId, modelId, turn, memory: this.#memory });
    const times = answerTimes(behaviour, seededRandom(behaviour.seed + turn));
    if (operation.streams) {
      streamAnswer(exchange, { frames: format.stream(generation), times, fault, pace: this.#pace });
      return;
    }
    const count = generation.reasoning.length + generation.tokens.length;
    let endMs = times.firstTokenAtMs;
    for (let index = 1; index < count; index += 1) endMs += times.gapMs();
    const latencyMs = Math.round(endMs - times.startedAtMs);
    this.#later(exchange, latencyMs, () => {
      exchange.produced(count);
      exchange.answer(format.whole(generation, { latencyMs, firstTokenMs: latencyMs }), fault);
    });
  }

  #read(
    { modelId }: BedrockExchange,
    { name }: Operation,
    json: Json,
  ): { readonly format: AnswerFormat; readonly request: GenerationRequest } {
    if (name.startsWith('Converse')) {
      return { format: this.#converse, request: readConverse(json) };
    }
    const vendor = vendorOf(modelId, json);
    if (vendor === undefined)
      throw new RefusedRequest(validationError('The provided model identifier is invalid.'));
    return { format: invokeFormat(vendor, this.#frames), request: vendor.read(json) };
  }

  #later(exchange: BedrockExchange, delayMs: number, action: () => void): void {
    const paced = {
      isCancelled: false,
      onDue: () => {
        action();
        return undefined;
      },
    };
    exchange.onEnd(() => (paced.isCancelled = true));
    this.#pace.schedule(paced, performance.now() + delayMs);
  }

  #fail(exchange: BedrockExchange, error: unknown): void {
    if (exchange.hasEnded || exchange.response.headersSent) return;
    if (error instanceof RefusedRequest) exchange.refuse(error.refusal);
    // The client left while it sent the request; counted when its connection closes.
    else if (!exchange.response.destroyed) {
      const message = error instanceof Error ? error.message : String(error);
      exchange.refuse({ status: 500, type: 'InternalServerException', message });
    }
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
