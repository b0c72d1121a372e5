import { isIP } from 'node:net';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { RequestError } from './problem.ts';

/** From where a server may be asked. */
export interface OriginCheckOptions {
  /** The address it listens on. */
  readonly host: string;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Makes the check that keeps other web pages away. A page of another origin must not change anything here (CSRF), nor
 * read a server on this machine under a name of its own that it points to 127.0.0.1 (DNS rebinding).
 */
export function originCheck(
  options: OriginCheckOptions,
): (request: FastifyRequest, reply: FastifyReply) => void {
  const allowedOrigins = new Set(
    options.allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')),
  );
  const allowedHosts = new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  const checksHost = isLoopback(options.host);

  return (request, reply) => {
    const { host, origin, 'sec-fetch-site': site } = request.headers;
    const hostName = nameOf(host ?? '');
    if (checksHost && host !== undefined && !isLoopback(hostName) && !allowedHosts.has(hostName)) {
      throw refused(
        `This server is not asked under the name "${hostName.slice(0, 100)}"; it listens on this machine only.`,
      );
    }
    if (origin === undefined) {
      if (site === 'cross-site' && !SAFE_METHODS.has(request.method))
        throw refused('A page of another site sent this.');
      return;
    }
    if (allowedOrigins.has('*') || allowedOrigins.has(origin.toLowerCase())) {
      reply.header('access-control-allow-origin', origin).header('vary', 'origin');
      reply.header('access-control-expose-headers', 'location, x-request-id, retry-after');
    } else if (!SAFE_METHODS.has(request.method) && !isSameOrigin(origin, host)) {
      throw refused(
        `Pages of "${origin.slice(0, 100)}" may not send this; allow the origin in the server's settings.`,
      );
    }
  };
}

/** The headers that answer a browser's question whether a page of an allowed origin may send a request. */
export const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id',
  'access-control-max-age': '600',
} as const;

const refused = (message: string): RequestError => new RequestError('FORBIDDEN', message);

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** A host without its port; the brackets of an IPv6 address go too. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1';
}
