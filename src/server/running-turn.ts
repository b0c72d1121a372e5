import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { TurnEvent } from '../chat/turn-event.ts';
import { CitestreamError, type ErrorCode, NotImplementedError, toCitestreamError } from '../errors.ts';
import { metadataFiltersSchema } from '../stores/metadata-filters.ts';
import { apiSchemas } from './api-schemas.ts';
import { RequestError } from './problem.ts';
import { refuseWhileClosing, type ServerContext } from './server-context.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The turn this request began, for its line in the log. */
    turnId?: string;
  }
}

/** What a question consists of; how long its message may be is the server's limit. */
export const chatBodySchema = z
  .strictObject({
    session_id: z
      .string()
      .regex(/^[\w.:-]{1,128}$/, 'must be 1 to 128 characters of A-Z a-z 0-9 _ . : -')
      .optional()
      .describe('The conversation it belongs to; a new one begins where it is unknown or absent.'),
    message: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .describe('The question; 32,000 characters at most unless the server is set otherwise.'),
    top_k: z.int().min(1).max(100).optional().describe('How many passages are retrieved.'),
    filters: metadataFiltersSchema
      .register(apiSchemas, { id: 'MetadataFilters' })
      .optional()
      .describe('Which documents are asked.'),
    on_busy: z
      .enum(['queue', 'reject', 'interrupt'])
      .optional()
      .describe('Not implemented yet: what to do while the session is answering.'),
  })
  .register(apiSchemas, { id: 'ChatRequest' });

export type ChatBody = z.output<typeof chatBodySchema>;

/** The headers of a question that are not implemented yet. */
export const CHAT_REQUEST_HEADERS = {
  'Idempotency-Key': 'Not implemented yet: attaches a repeated request to the turn that already runs.',
};

/** What a question can be refused with, or fail with. */
export const CHAT_PROBLEMS: readonly ErrorCode[] = [
  'SESSION_BUSY',
  'NOT_IMPLEMENTED',
  'STORE_FAILED',
  'LLM_FAILED',
  'OVERLOADED',
  'TIMEOUT',
];

const ABANDONED = 'abandoned';

/** One turn on its way to one reader: aborted when the reader leaves, counted when it is disposed. */
export class RunningTurn implements Disposable {
  readonly #context: ServerContext;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #work: ReturnType<ServerContext['turns']['begin']>;
  readonly #events: AsyncIterator<TurnEvent>;
  readonly #startedAt = performance.now();
  readonly #abandon = (): void => {
    if (!this.#reply.raw.writableFinished) {
      this.#work.controller.abort(new DOMException('The reader left.', 'AbortError'));
    }
  };
  #mode = 'unknown';
  #firstTokenMs: number | undefined;
  #outcome: string | undefined;
  #usage: { readonly inputTokens: number; readonly outputTokens: number } | undefined;

  constructor(
    context: ServerContext,
    { body, request, reply }: { body: ChatBody; request: FastifyRequest; reply: FastifyReply },
  ) {
    refuseWhileClosing(context);
    refuseWhatComesLater(body, request);
    refuseLongMessage(body.message, context.options.limits.maxMessageChars);
    this.#context = context;
    this.#request = request;
    this.#reply = reply;
    this.#work = context.turns.begin();
    reply.raw.once('close', this.#abandon);
    if (reply.raw.destroyed) this.#abandon();
    try {
      const events = context.citestream.chat.stream({
        message: body.message,
        signal: this.#work.controller.signal,
        ...(body.session_id !== undefined && { sessionId: body.session_id }),
        ...(body.top_k !== undefined && { topK: body.top_k }),
        ...(body.filters !== undefined && { filters: body.filters }),
      });
      this.#events = events[Symbol.asyncIterator]();
    } catch (thrown) {
      this.#work[Symbol.dispose]();
      throw thrown;
    }
  }

  /** Whether somebody is still there to be answered. */
  get isAbandoned(): boolean {
    return this.#reply.raw.destroyed && !this.#reply.raw.writableFinished;
  }

  /** The first event; what fails before it is thrown, as there is a status to answer with. */
  async first(): Promise<TurnEvent> {
    const { done, value } = await this.#events.next();
    if (done === true) throw new CitestreamError('INTERNAL', 'The turn ended before it began.');
    this.#note(value);
    if (value.type === 'error') throw new CitestreamError(value.code, value.message);
    return value;
  }

  /** The event after that, up to `done` or `error`; never throws, since it is too late for a status. */
  async next(): Promise<TurnEvent> {
    try {
      const wait = this.#context.loop.wait();
      if (wait !== undefined) await wait;
      const { done, value } = await this.#events.next();
      if (done === true) throw new CitestreamError('INTERNAL', 'The turn ended without saying how.');
      this.#note(value);
      return value;
    } catch (thrown) {
      if (!this.isAbandoned) this.#logFailure(thrown);
      this.#outcome = this.isAbandoned ? ABANDONED : 'error';
      const { code, message, retryable } = toCitestreamError(thrown);
      return { type: 'error', code, message, retryable };
    }
  }

  [Symbol.dispose](): void {
    this.#reply.raw.off('close', this.#abandon);
    // Not awaited: an engine that takes its time to save what it has must not hold the reader's connection.
    void this.#finish();
    this.#context.metrics.turnEnded({
      mode: this.#mode,
      outcome: this.#outcome ?? (this.isAbandoned ? ABANDONED : 'error'),
      totalMs: performance.now() - this.#startedAt,
      ...(this.#firstTokenMs !== undefined && { firstTokenMs: this.#firstTokenMs }),
      ...(this.#usage !== undefined && { usage: this.#usage }),
    });
  }

  async #finish(): Promise<void> {
    using _ = this.#work;
    try {
      await this.#events.return?.();
    } catch (thrown) {
      this.#logFailure(thrown);
    }
  }

  #note(event: TurnEvent): void {
    if (event.type === 'token') {
      this.#firstTokenMs ??= performance.now() - this.#startedAt;
    } else if (event.type === 'turn') {
      this.#request.turnId = event.turnId;
      this.#mode = event.mode;
    } else if (event.type === 'done') {
      this.#outcome = this.isAbandoned ? ABANDONED : event.finishReason;
      this.#usage = event.usage;
    } else if (event.type === 'error') {
      this.#outcome = 'error';
      if (!this.isAbandoned) this.#logFailure(new CitestreamError(event.code, event.message));
    }
  }

  #logFailure(err: unknown): void {
    const { id: request_id, turnId: turn_id } = this.#request;
    this.#context.logger.error({ request_id, turn_id, err }, 'turn failed');
  }
}

function refuseWhatComesLater(body: ChatBody, request: FastifyRequest): void {
  if (request.headers['idempotency-key'] !== undefined) {
    throw new NotImplementedError('The header Idempotency-Key is not implemented yet; leave it out.');
  }
  if (body.on_busy !== undefined) {
    throw new NotImplementedError('The field on_busy is not implemented yet; leave it out.');
  }
}

function refuseLongMessage(message: string, maxMessageChars: number): void {
  if (message.length <= maxMessageChars) return;
  const problem = `must have at most ${maxMessageChars} characters, received ${message.length}`;
  throw new RequestError('INVALID_INPUT', `message: ${problem}.`, {
    errors: [{ path: 'message', message: problem }],
  });
}
