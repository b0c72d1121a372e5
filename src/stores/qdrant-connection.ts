import type { QdrantClient } from '@qdrant/js-client-rest';
import { setTimeout as delay } from 'node:timers/promises';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { isTransient, qdrantError, readFailure } from './qdrant-failure.ts';
import { type Deadline, withinDeadline } from './within-deadline.ts';

type Api = ReturnType<QdrantClient['api']>;

/** How a server is reached. */
export interface QdrantConnectionOptions {
  /** `https://host:6333/prefix`; without a port, 6333, as every client of Qdrant's has it. */
  readonly url: string;
  readonly apiKey?: string | undefined;
  /** How long one request that reads may take. @default 10_000 */
  readonly timeoutMs?: number | undefined;
  /** How long one request that writes may take. @default 60_000 */
  readonly writeTimeoutMs?: number | undefined;
  /** How often a request is tried again after a passing failure; 0 tries once. @default 3 */
  readonly maxRetries?: number | undefined;
  /** How many connections are kept open. @default 25 */
  readonly maxConnections?: number | undefined;
  /** How a retry waits; tests give one that does not. */
  readonly sleep?: ((milliseconds: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Hears of what works but should be changed. @default process.emitWarning */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** A request to Qdrant and what bounds it. */
export interface Call {
  /** As in `The search`; an error begins with it. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  readonly isWrite?: boolean;
}

type Ask<T> = (
  api: Api,
  init: { readonly signal: AbortSignal },
) => Promise<{ readonly data: { readonly result?: T } }>;

/** The version of the server, as numbers. */
export interface ServerVersion {
  readonly text: string;
  readonly minor: number;
}

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** The query interface, which every search uses, came with 1.10; the client that is used is of 1.18. */
const OLDEST_MINOR = 10;
const TESTED_MINORS = [16, 20] as const;

/** The official client with what it lacks: signals, time-outs that name what they bound, retries, and our errors. */
export class QdrantConnection {
  readonly url: string;
  readonly #api: Api;
  readonly #options: QdrantConnectionOptions;

  private constructor(api: Api, options: QdrantConnectionOptions) {
    this.#api = api;
    this.#options = options;
    this.url = options.url;
  }

  /** Loads the client; nothing is asked yet. */
  static async open(options: QdrantConnectionOptions): Promise<QdrantConnection> {
    const address = readUrl(options.url);
    if (options.apiKey !== undefined && address.url.startsWith('http://') && !isLocal(address.url)) {
      warn(options, `The API key for Qdrant goes to ${options.url} unencrypted: use https.`);
    }
    const { QdrantClient } = await import('@qdrant/js-client-rest');
    const client = new QdrantClient({
      ...address,
      // As a header: as a setting of the client's it is written about to the console.
      headers: options.apiKey === undefined ? {} : { 'api-key': options.apiKey },
      maxConnections: options.maxConnections ?? 25,
      checkCompatibility: false,
      // The client's own time-out would take the place of the signal that every call brings.
      timeout: Number.POSITIVE_INFINITY,
    });
    return new QdrantConnection(client.api(), options);
  }

  /** Asks the server, again where it failed in passing, and gives the answer's result. */
  async call<T>(call: Call, ask: Ask<T>): Promise<T> {
    const { timeoutMs = 10_000, writeTimeoutMs = 60_000, maxRetries = 3 } = this.#options;
    const limitMs = call.isWrite === true ? writeTimeoutMs : timeoutMs;
    for (let attempt = 0; ; attempt += 1) {
      const deadline: Deadline = { signal: call.signal, timeoutMs: limitMs, what: call.what };
      try {
        const { data } = await withinDeadline(deadline, async (signal) => ask(this.#api, { signal }));
        if (typeof data === 'object' && data.result !== undefined) return data.result;
        throw new CitestreamError(
          'STORE_FAILED',
          `${call.what} failed: what answers at ${this.url} is no Qdrant. Check the address in the setting store.`,
        );
      } catch (error) {
        call.signal?.throwIfAborted();
        if (attempt >= maxRetries || !isWorthRetrying(error, call)) {
          throw qdrantError(call.what, this.url, error);
        }
        const { sleep = sleepFor } = this.#options;
        await sleep(waitMs(attempt, readFailure(error).retryAfterMs), call.signal);
      }
    }
  }

  /** Asks which version the server is; refuses one that lacks what is needed, and warns of one that was not tried. */
  async checkVersion(signal?: AbortSignal): Promise<ServerVersion> {
    const call: Call = { what: 'Reaching the store', signal };
    const text = await this.call(call, async (api, init) => {
      const { data } = await api.root({}, init);
      return { data: { result: data.version } };
    });
    const [major = Number.NaN, minor = Number.NaN] = text.split('.').map(Number);
    if (major !== 1 || Number.isNaN(minor) || minor < OLDEST_MINOR) {
      throw new CitestreamError(
        'STORE_FAILED',
        `Qdrant at ${this.url} is version ${text}; citestream needs 1.${OLDEST_MINOR} or a later 1.x. Upgrade the server.`,
      );
    }
    const [oldest, newest] = TESTED_MINORS;
    if (minor < oldest || minor > newest) {
      warn(
        this.#options,
        `Qdrant at ${this.url} is version ${text}; citestream is made for 1.${oldest} to 1.${newest}. What it lacks is refused where it is asked for.`,
      );
    }
    return { text, minor };
  }
}

function isWorthRetrying(error: unknown, { isWrite = false }: Call): boolean {
  // Whoever reads waits for it, and has waited long enough; a write that took too long may be repeated.
  if (error instanceof CitestreamError) return isWrite && error.code === 'TIMEOUT';
  return isTransient(readFailure(error));
}

/** Full jitter: anything up to a bound that doubles, so that those who failed together do not return together. */
function waitMs(attempt: number, leastMs = 0): number {
  return Math.max(leastMs, Math.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt));
}

async function sleepFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
}

function readUrl(text: string): { readonly url: string; readonly port: number; readonly prefix?: string } {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InvalidInputError(
      `The address of Qdrant is ${JSON.stringify(text)}: give one as in https://host:6333.`,
      { field: 'url' },
    );
  }
  const { protocol, hostname, port, pathname } = new URL(text);
  // The client takes 6333 where a URL has no port, and a URL forgets one that is usual for its scheme.
  const explicit = /^https?:\/\/[^/]*:(\d+)(?:\/|$)/.exec(text)?.[1];
  const prefix = pathname.replace(/\/+$/, '');
  return {
    url: `${protocol}//${hostname}${port === '' ? '' : `:${port}`}`,
    port: Number(explicit ?? 6333),
    ...(prefix !== '' && { prefix }),
  };
}

function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

function warn({ onWarning }: QdrantConnectionOptions, message: string): void {
  if (onWarning === undefined) process.emitWarning(message);
  else onWarning(message);
}
