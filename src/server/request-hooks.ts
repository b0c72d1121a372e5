import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { keyCheck } from './authentication.ts';
import { originCheck, PREFLIGHT_HEADERS } from './origin-check.ts';
import type { ServerContext } from './server-context.ts';

/** Headers of every answer. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const;

/** The caller's own id for a request where it sends a decent one, so that its log and ours agree. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

/** What happens with every request: its headers, who may ask, and its line in the log and the metrics. */
export function addRequestHooks(app: FastifyInstance, context: ServerContext): void {
  const checkOrigin = originCheck(context.options);
  const checkKey = keyCheck(context.options.apiKeys);

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
    recordWhenClosed(context, request, reply);
    checkOrigin(request, reply);
    if (request.method === 'OPTIONS') return reply.status(204).headers(PREFLIGHT_HEADERS).send();
    if (request.routeOptions.config.isOpen !== true) checkKey(request);
    return undefined;
  });
}

/** The response's `close` comes always, also where the reader left first; Fastify's own hook does not. */
function recordWhenClosed(
  { logger, metrics }: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const startedAt = performance.now();
  reply.raw.once('close', () => {
    const { method } = request;
    const { statusCode: status, writableFinished } = reply.raw;
    const route = request.routeOptions.url ?? 'unknown';
    const durationMs = performance.now() - startedAt;
    metrics.requestEnded({ method, route, status, durationMs });
    // The route's pattern only: an address holds ids, and what is asked for is nobody's business.
    logger.info(
      {
        request_id: request.id,
        method,
        route,
        status,
        duration_ms: Math.round(durationMs * 10) / 10,
        ...(request.turnId !== undefined && { turn_id: request.turnId }),
        ...(!writableFinished && { reader_left: true }),
      },
      'request',
    );
  });
}
