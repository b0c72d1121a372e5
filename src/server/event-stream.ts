import type { ServerResponse } from 'node:http';
import { setImmediate as nextIteration } from 'node:timers/promises';

import type { FastifyReply } from 'fastify';

import { HEARTBEAT_FRAME } from './server-sent-events.ts';

/** How a stream treats a reader that is slow or silent. */
export interface EventStreamOptions {
  readonly heartbeatMs: number;
  readonly stallMs: number;
}

/** A write of this many characters goes out at once, and the other streams get their turn. */
const FLUSH_CHARS = 16_384;

const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

/**
 * One reader's event stream. Frames written in the same iteration of the event loop leave in one write; the writer
 * waits while the reader is behind, and a reader that takes nothing for `stallMs` loses its connection.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #stallMs: number;
  readonly #heartbeat: NodeJS.Timeout;
  #pending = '';
  #flush: NodeJS.Immediate | undefined;
  #drained: Promise<void> | undefined;

  /** Sends the headers with the first write; from here on nothing but events can be answered. */
  constructor(reply: FastifyReply, { heartbeatMs, stallMs }: EventStreamOptions) {
    reply.hijack();
    this.#response = reply.raw;
    this.#stallMs = stallMs;
    this.#response.writeHead(200, { ...reply.getHeaders(), ...EVENT_STREAM_HEADERS } as Record<
      string,
      string
    >);
    this.#heartbeat = setInterval(() => {
      if (this.#drained === undefined) this.#enqueue(HEARTBEAT_FRAME);
    }, heartbeatMs);
    this.#response.once('close', () => clearInterval(this.#heartbeat));
    // Headers alone must not wait for the first event: a browser's `onopen` hangs on them.
    this.#flush = setImmediate(() => this.#write());
  }

  /** Whether anybody can still be written to. */
  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Takes a frame; resolves, or is undefined, when the next one may come. */
  send(frame: string): Promise<void> | undefined {
    if (!this.isOpen) return undefined;
    this.#enqueue(frame);
    if (this.#drained !== undefined) return this.#drained;
    if (this.#pending.length < FLUSH_CHARS) return undefined;
    this.#write();
    return this.#drained ?? nextIteration();
  }

  /** Writes what is left and ends; resolves when the reader has it, or has left, or stalls. */
  async end(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#drained;
    clearImmediate(this.#flush);
    if (!this.isOpen) return;
    this.#response.end(this.#pending);
    await this.#settled('finish');
  }

  #enqueue(frame: string): void {
    this.#pending += frame;
    this.#flush ??= setImmediate(() => this.#write());
  }

  #write(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    if (!this.isOpen) return;
    const accepted = this.#pending === '' ? this.#flushHeaders() : this.#response.write(this.#pending);
    this.#pending = '';
    if (accepted || this.#drained !== undefined) return;
    this.#drained = this.#waitForDrain();
  }

  async #waitForDrain(): Promise<void> {
    await this.#settled('drain');
    this.#drained = undefined;
  }

  #flushHeaders(): boolean {
    this.#response.flushHeaders();
    return true;
  }

  /** Resolves on the event, or when the connection is gone; breaks it after `stallMs`. */
  #settled(event: 'drain' | 'finish'): Promise<void> {
    const response = this.#response;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stalled = setTimeout(() => response.destroy(), this.#stallMs);
    const settle = (): void => {
      clearTimeout(stalled);
      response.off(event, settle).off('close', settle);
      resolve();
    };
    response.once(event, settle).once('close', settle);
    return promise;
  }
}
