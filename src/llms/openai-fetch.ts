import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** Connections that are kept for the next calls. */
interface ConnectionPool {
  readonly fetch: Fetch;
  readonly close: () => void;
}

/** Statuses whose answers have no body. */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * A `fetch` over HTTP/1.1 with a pool without a limit, for the client of OpenAI. Node's own has time-outs that nobody can
 * set without another package: 10 s to connect, and 300 s of silence, at which it cuts a stream off.
 */
export function openPool({ connectTimeoutMs }: { readonly connectTimeoutMs: number }): ConnectionPool {
  const options = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  const agents = { http: new http.Agent(options), https: new https.Agent(options) };
  const fetch: Fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const isSecure = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const request = (isSecure ? https : http).request(url, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      agent: isSecure ? agents.https : agents.http,
      ...(init.signal ? { signal: init.signal } : {}),
    });
    limitConnecting(request, connectTimeoutMs, isSecure ? 'secureConnect' : 'connect');
    request.once('response', (response) => resolve(toResponse(response)));
    request.once('error', reject);
    // The client of OpenAI sends its JSON as a text.
    request.end(init.body);
    return promise;
  };
  const close = (): void => {
    agents.http.destroy();
    agents.https.destroy();
  };
  return { fetch, close };
}

function limitConnecting(request: http.ClientRequest, timeoutMs: number, connected: string): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      request.destroy(new Error(`connecting took longer than ${timeoutMs} ms`));
    }, timeoutMs);
    const stop = (): void => clearTimeout(timer);
    socket.once(connected, stop);
    socket.once('close', stop);
  });
}

function toResponse(message: http.IncomingMessage): Response {
  const { statusCode: status = 500, statusMessage: statusText = '', rawHeaders } = message;
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  if (NO_BODY.has(status)) {
    message.resume();
    return new Response(null, { status, statusText, headers });
  }
  return new Response(Readable.toWeb(message) as ReadableStream, { status, statusText, headers });
}
