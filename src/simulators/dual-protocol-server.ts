import { once } from 'node:events';
import { createServer as createHttp1Server, type IncomingMessage } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest } from 'node:http2';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A request of either protocol; both have the same methods. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;

/** A response of either protocol, with what both have. */
export interface AnyResponse {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
  write(bytes: Uint8Array, callback?: () => void): boolean;
  end(body?: string | Uint8Array): unknown;
}

/** Answers a request of either protocol; called for every one, also over one connection. */
export type RequestListener = (request: AnyRequest, response: AnyResponse) => void;

/** A server that is listening. */
export interface DualProtocolServer extends AsyncDisposable {
  /** As in `http://127.0.0.1:41021`, without a slash at its end. */
  readonly url: string;
  /** The connections that are open now. */
  readonly connections: number;
  /** Stops listening and ends every connection at once. */
  close(): Promise<void>;
}

/** What every HTTP/2 connection begins with; its first three bytes are no method of HTTP/1.1. */
const PREFACE_START = 'PRI';
/** A pooled connection of a client lives longer than this client's own idle limit. */
const KEEP_ALIVE_MS = 75_000;
const MAX_CONCURRENT_STREAMS = 4_294_967_295;

/** Serves HTTP/1.1 and HTTP/2 without TLS on one port, by the first bytes of each connection. */
export async function listenForBothProtocols(
  listener: RequestListener,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<DualProtocolServer> {
  const http1 = createHttp1Server({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, listener);
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS } }, listener);
  // A client that breaks a connection is what a simulator is made for.
  http1.on('clientError', (_error, socket) => void socket.destroy());
  http2.on('sessionError', () => {});

  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    passOn(socket, (isHttp2) => {
      // As either server has it by itself. A client of HTTP/2 that ends its side has left, and says nothing else.
      socket.allowHalfOpen = !isHttp2;
      (isHttp2 ? http2 : http1).emit('connection', socket);
    });
  });
  server.listen({ host, port });
  await once(server, 'listening');
  const { address, port: actualPort, family } = server.address() as AddressInfo;

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = [once(server, 'close'), ...[...sockets].map(async (socket) => once(socket, 'close'))];
    server.close();
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actualPort}`,
    get connections() {
      return sockets.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function passOn(socket: Socket, serve: (isHttp2: boolean) => void): void {
  const look = (): void => {
    const seen = socket.read() as Buffer | null;
    if (seen === null) return;
    socket.unshift(seen);
    const start = seen.toString('latin1', 0, PREFACE_START.length);
    // One byte can be the start of both; the next packet decides.
    if (start.length < PREFACE_START.length && PREFACE_START.startsWith(start)) return;
    socket.off('readable', look);
    socket.off('end', leave);
    serve(start === PREFACE_START);
  };
  const leave = (): void => void socket.destroy();
  socket.on('readable', look);
  socket.on('end', leave);
}
