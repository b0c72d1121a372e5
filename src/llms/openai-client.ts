import type * as OpenAISdk from 'openai';

import { InvalidInputError } from '../errors.ts';
import { openPool } from './openai-fetch.ts';

/** Where a server is that speaks OpenAI's protocol, and how it lets us in. */
export interface OpenAIConnectionOptions {
  /** The root of the API, as in `http://127.0.0.1:11434/v1`; of Azure, the resource's address is enough. */
  readonly url: string;
  /** @default OPENAI_API_KEY, of Azure AZURE_OPENAI_API_KEY before it; without one, no header is sent */
  readonly apiKey?: string | undefined;
  /** How long connecting may take, with TLS. @default 5000 */
  readonly connectTimeoutMs?: number | undefined;
}

/** The official client and what has to be known of its connection; the module is large, and loaded only where it is used. */
export interface OpenAIConnection {
  readonly sdk: typeof OpenAISdk;
  readonly client: OpenAISdk.OpenAI;
  /** Without anything secret, for sentences. */
  readonly url: string;
  /** OpenAI itself or Azure, which know the newest of the protocol; the others follow it at a distance. */
  readonly isOpenAI: boolean;
  /** What no message may show. */
  readonly secrets: readonly string[];
  /** Ends its connections. */
  readonly close: () => void;
}

/** The client has no way to turn its own limit off; 0 would end every call at once. */
const DAY_MS = 86_400_000;
const CONNECT_TIMEOUT_MS = 5000;
const AZURE_HOST = /\.(openai|services\.ai|cognitiveservices)\.azure\.com$/i;

/** Makes the one client that a process keeps for its life. Makes no call. */
export async function openOpenAI(options: OpenAIConnectionOptions): Promise<OpenAIConnection> {
  const sdk = await import('openai');
  if (!URL.canParse(options.url)) {
    throw new InvalidInputError(`The address of an OpenAI-compatible server is a URL, not ${options.url}.`, {
      field: 'url',
    });
  }
  const address = new URL(options.url);
  const isAzure = AZURE_HOST.test(address.hostname);
  if (isAzure && address.pathname === '/') address.pathname = '/openai/v1';
  const url = `${address.origin}${address.pathname.replace(/\/$/, '')}`;
  const { password } = address;
  const { headers, apiKey } = accessOf(address, options.apiKey, isAzure);
  const pool = openPool({ connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS });
  const client = new sdk.OpenAI({
    baseURL: url,
    apiKey: apiKey ?? 'none',
    defaultHeaders: headers,
    // `api-version`, as the older addresses of Azure have it.
    defaultQuery: Object.fromEntries(address.searchParams),
    fetch: async (input, init) => withErrorField(await pool.fetch(input, init)),
    // Both belong to the layer above, which knows a first token from the next.
    maxRetries: 0,
    timeout: DAY_MS,
    logLevel: 'off',
  });
  return {
    sdk,
    client,
    url,
    isOpenAI: isAzure || address.hostname === 'api.openai.com',
    secrets: [apiKey ?? '', password, decodeURIComponent(password)].filter((secret) => secret.length > 3),
    close: pool.close,
  };
}

function accessOf(address: URL, given: string | undefined, isAzure: boolean) {
  const { username, password } = address;
  if (given === undefined && username !== '') {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, apiKey: undefined };
  }
  // An empty variable counts as not set.
  const azureKey = isAzure ? process.env['AZURE_OPENAI_API_KEY'] || undefined : undefined;
  const apiKey = given ?? azureKey ?? (process.env['OPENAI_API_KEY'] || undefined);
  if (apiKey === undefined) return { headers: { Authorization: null }, apiKey };
  return { headers: isAzure ? { Authorization: null, 'api-key': apiKey } : {}, apiKey };
}

/**
 * The client reads what went wrong from the field `error` alone, and says "no body" where older vLLM, Mistral and
 * FastAPI put it at the top: their words are moved to where it looks.
 */
async function withErrorField(response: Response): Promise<Response> {
  if (response.ok) return response;
  const { status, statusText } = response;
  const text = await response.text();
  const headers = new Headers(response.headers);
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  return new Response(wrapped(text), { status, statusText, headers });
}

function wrapped(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null || 'error' in body) return text;
    const { message, detail } = body as { readonly message?: unknown; readonly detail?: unknown };
    return JSON.stringify({ error: { ...body, message: message ?? detail } });
  } catch {
    return text;
  }
}
