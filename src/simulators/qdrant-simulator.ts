import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { FaultPlan, type QdrantFault } from './qdrant-faults.ts';
import { OPERATIONS } from './qdrant-operations.ts';
import { SimulatedStorage } from './qdrant-storage.ts';
import { isObject, QdrantRefusal } from './qdrant-wire.ts';

export type { QdrantFault } from './qdrant-faults.ts';

/** How a simulated Qdrant behaves. */
export interface QdrantSimulatorOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes a free one. @default 0 */
  readonly port?: number;
  /** Keeps what is stored in this folder; without it, in memory alone. */
  readonly directory?: string;
  /** Refuses requests that do not bring it. */
  readonly apiKey?: string;
  /** The version it says it is. @default '1.19.0' */
  readonly version?: string;
  /** How long every answer takes at least. @default 0 */
  readonly latencyMs?: number;
  readonly faults?: readonly QdrantFault[];
  /** Hears of every request and its answer, for tests that hold both to a description of the interface. */
  readonly onExchange?: (exchange: QdrantExchange) => void;
}

/** A request and its answer. */
export interface QdrantExchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly requestBody: unknown;
  readonly status: number;
  readonly responseBody: unknown;
}

/** What was asked of a simulator so far. */
export interface QdrantCounts {
  readonly requests: number;
  /** By operation, as in `POST points/query`. */
  readonly operations: Readonly<Record<string, number>>;
  /** How many requests a fault hit. */
  readonly faults: number;
  /** How many requests their client gave up before the answer. */
  readonly aborted: number;
  /** How many requests are being answered. */
  readonly open: number;
  /** How many connections there were. */
  readonly connections: number;
}

/** A running simulator; dispose or close it to free its port. */
export interface QdrantSimulator extends AsyncDisposable {
  readonly url: string;
  readonly counts: () => QdrantCounts;
  /** Puts a fault in force, beside those already there. */
  readonly fail: (fault: QdrantFault) => void;
  /** Ends all faults. */
  readonly heal: () => void;
  readonly close: () => Promise<void>;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Starts a server that speaks Qdrant's REST interface: exact search, real filters and fusion, faults to order. */
export async function startQdrantSimulator(options: QdrantSimulatorOptions = {}): Promise<QdrantSimulator> {
  const { host = '127.0.0.1', port = 0 } = options;
  const storage = new SimulatedStorage(options.directory);
  const faults = new FaultPlan();
  for (const fault of options.faults ?? []) faults.add(fault);
  const counts = { requests: 0, faults: 0, aborted: 0, open: 0, connections: 0 };
  const operations: Record<string, number> = {};
  const closing = new AbortController();

  const server = createServer((request, response) => {
    counts.requests += 1;
    counts.open += 1;
    response.once('close', () => {
      counts.open -= 1;
      if (!response.writableFinished) counts.aborted += 1;
    });
    serve(request, response).catch(() => request.socket.destroy());
  });
  server.on('connection', () => (counts.connections += 1));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const target = findOperation(request.method ?? 'GET', url.pathname);
    operations[target.operation] = (operations[target.operation] ?? 0) + 1;
    const fault = faults.next(target.operation);
    if (fault !== undefined) counts.faults += 1;
    if (fault?.kind === 'reset') return void request.socket.destroy();
    const raw = await readBody(request);
    if (fault?.kind === 'stall') return;
    const delayMs = (options.latencyMs ?? 0) + (fault?.kind === 'slow' ? (fault.delayMs ?? 1000) : 0);
    if (delayMs > 0) await delay(delayMs, undefined, { signal: closing.signal });
    const started = performance.now();
    const answer = fault?.kind === 'status' ? refusal(fault) : answerRequest(target, request, raw);
    if (fault?.kind === 'lost') return void request.socket.destroy();
    const body = complete(answer, performance.now() - started);
    if (fault === undefined) {
      const requestBody = raw === '' ? undefined : tryParse(raw);
      options.onExchange?.({
        method: request.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        requestBody,
        status: answer.status,
        responseBody: body,
      });
    }
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(answer.status, {
      'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(fault?.retryAfterSeconds !== undefined && { 'retry-after': String(fault.retryAfterSeconds) }),
    });
    if (fault?.kind === 'cut') response.write(text.slice(0, text.length / 2), () => request.socket.destroy());
    else response.end(text);
  }

  function answerRequest(target: Target, request: IncomingMessage, raw: string): Answer {
    const isOpen = target.operation.endsWith('z') || options.apiKey === undefined;
    if (!isOpen && !hasKey(request, options.apiKey)) {
      return { status: 401, plain: 'Must provide an API key or an Authorization bearer token' };
    }
    try {
      return { status: 200, ...run(target, raw) };
    } catch (error) {
      const status = error instanceof QdrantRefusal ? error.status : 500;
      return { status, error: error instanceof Error ? error.message : String(error) };
    }
  }

  function run({ operation, collection }: Target, raw: string): Omit<Answer, 'status'> {
    if (operation === 'GET /') {
      return { bare: { title: 'qdrant - vector search engine', version: options.version ?? '1.19.0' } };
    }
    if (operation.endsWith('z')) return { plain: `${operation.slice('GET /'.length)} check passed` };
    if (operation === 'GET /collections') {
      return { result: { collections: storage.names.map((name) => ({ name })) } };
    }
    const work = OPERATIONS[operation];
    if (work === undefined || collection === undefined) {
      throw new QdrantRefusal(404, `The simulator has no ${operation}.`);
    }
    const body = raw === '' ? {} : tryParse(raw);
    if (!isObject(body)) throw new QdrantRefusal(400, 'Format error in JSON body: expected an object');
    return { result: work({ storage, collection, body }) };
  }

  server.keepAliveTimeout = 75_000;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    closing.abort();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    counts: () => ({ ...counts, operations: { ...operations } }),
    fail: (fault) => faults.add(fault),
    heal: () => faults.clear(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Target {
  readonly operation: string;
  readonly collection: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly result?: unknown;
  readonly error?: string;
  /** An answer without the usual frame. */
  readonly bare?: object;
  readonly plain?: string;
}

function findOperation(method: string, path: string): Target {
  const [, first = '', name, ...rest] = path.split('/').map((part) => decodeURIComponent(part));
  if (first !== 'collections' || name === undefined || name === '') {
    return { operation: `${method} ${path}`, collection: undefined };
  }
  return { operation: [method, rest.join('/')].join(' ').trim(), collection: name };
}

function complete(answer: Answer, elapsedMs: number): unknown {
  if (answer.plain !== undefined) return answer.plain;
  if (answer.bare !== undefined) return answer.bare;
  const time = elapsedMs / 1000;
  if (answer.error !== undefined) return { status: { error: answer.error }, time };
  return { result: answer.result, status: 'ok', time };
}

function refusal({ status = 503 }: QdrantFault): Answer {
  return { status, error: status === 429 ? 'Rate limiting exceeded' : 'Service internal error: simulated' };
}

function hasKey({ headers }: IncomingMessage, apiKey: string | undefined): boolean {
  return headers['api-key'] === apiKey || headers.authorization === `Bearer ${apiKey}`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new QdrantRefusal(413, 'Payload too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new QdrantRefusal(400, `Format error in JSON body: ${(error as Error).message}`);
  }
}
