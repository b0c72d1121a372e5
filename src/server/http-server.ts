import type { AddressInfo } from 'node:net';

import Fastify, { type FastifyInstance } from 'fastify';
import { pino } from 'pino';

import { CitestreamError } from '../errors.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { refuseConnection, sendProblem } from './error-responses.ts';
import { addJsonBody } from './json-body.ts';
import { LoopShare } from './loop-share.ts';
import { addRequestHooks, requestId, SECURITY_HEADERS } from './request-hooks.ts';
import { addRoutes } from './routes.ts';
import type { ServedParts, ServerContext } from './server-context.ts';
import { resolveServerOptions, type ServerLimits, type ServerOptions } from './server-options.ts';
import { removeAbandonedUploads } from './upload-folder.ts';
import { WorkInProgress } from './work-in-progress.ts';

/** How long aborted turns, and then answers that are being sent, may take to end. */
const ABORT_MS = 1000;

/** A server that answers questions over HTTP. */
export interface HttpServer extends AsyncDisposable {
  readonly app: FastifyInstance;
  /** Begins to listen and gives the address; throws PORT_IN_USE where the port is taken. */
  listen(): Promise<string>;
  /**
   * Takes nothing new, lets running turns go on for `graceMs` (default 10 s), aborts the rest, and closes. Every call
   * gives the same promise; it resolves at most about two seconds after the grace.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Makes the server of a citestream's HTTP API; `listen` starts it. It does not close the citestream. */
export function createHttpServer(citestream: ServedParts, options: ServerOptions = {}): HttpServer {
  const resolved = resolveServerOptions(citestream.configuration, options);
  const closing = new AbortController();
  const context: ServerContext = {
    citestream,
    options: resolved,
    logger: options.logger ?? pino({ level: 'silent' }),
    metrics: createMetrics(),
    loop: new LoopShare(),
    turns: new WorkInProgress(),
    watchers: new WorkInProgress(),
    closing: closing.signal,
  };
  const app = createApp(context);
  let closed: Promise<void> | undefined;

  async function close(graceMs: number): Promise<void> {
    closing.abort();
    await context.turns.ended(graceMs);
    context.turns.abortAll();
    context.watchers.abortAll();
    await Promise.all([context.turns.ended(ABORT_MS), context.watchers.ended(ABORT_MS)]);
    // Whatever still keeps a connection, an upload or a reader who takes nothing, has had its time.
    const force = setTimeout(() => app.server.closeAllConnections(), ABORT_MS);
    await app.close();
    clearTimeout(force);
    context.metrics[Symbol.dispose]();
  }

  const server: HttpServer = {
    app,
    async listen() {
      await removeAbandonedUploads(resolved.uploadsDir);
      const { host, port } = resolved;
      try {
        await app.listen({ host, port });
      } catch (cause) {
        throw listenError(cause, resolved);
      }
      return addressOf(app.server.address() as AddressInfo, host);
    },
    async close({ graceMs = citestream.configuration.server.shutdownGraceMs } = {}) {
      closed ??= close(graceMs);
      return closed;
    },
    [Symbol.asyncDispose]: async () => server.close({ graceMs: 0 }),
  };
  return server;
}

function createApp(context: ServerContext): FastifyInstance {
  const { limits } = context.options;
  const { logger } = context;
  const app = Fastify({
    ...fastifyLimits(limits),
    genReqId: requestId,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    clientErrorHandler: refuseConnection,
    // What is wrong with an address is found before any hook.
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, { request, reply: reply.headers(SECURITY_HEADERS), logger });
    },
  });
  app.server.maxConnections = limits.maxConnections;
  addJsonBody(app, limits);
  addRequestHooks(app, context);
  app.setErrorHandler((error, request, reply) => sendProblem(error, { request, reply, logger }));
  app.setNotFoundHandler(async () => {
    throw new CitestreamError(
      'NOT_FOUND',
      'There is nothing at this address; /openapi.json lists what there is.',
    );
  });
  addRoutes(app, context);
  return app;
}

function fastifyLimits(limits: ServerLimits) {
  return {
    keepAliveTimeout: limits.keepAliveMs,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1000 },
    forceCloseConnections: 'idle',
    http: {
      noDelay: true,
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.requestTimeoutMs,
      // Uploads may take longer than any one limit; they are bounded by how long they stand still.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(limits.requestTimeoutMs, 5000),
    },
  } as const;
}

function listenError(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new CitestreamError('PORT_IN_USE', `Port ${port} on ${host} is taken; choose another one.`, {
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new CitestreamError('CONFIGURATION', `Cannot listen on ${host}, port ${port} (${code}).`, {
      cause,
    });
  }
  return cause;
}

/** The address a person can open: a server that listens everywhere is reached on this machine. */
function addressOf({ port }: AddressInfo, host: string): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
