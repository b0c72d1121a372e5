import { CitestreamError } from '../errors.ts';
import { type OpenAIConnection, type OpenAIConnectionOptions, openOpenAI } from '../llms/openai-client.ts';
import { withinTime } from './call-limits.ts';
import { vectorOf } from './check-vectors.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';
import { retryWithJitter, sleepFor } from '../llms/retry-with-jitter.ts';

/** How vectors come over the wire. */
type EncodingFormat = 'base64' | 'float';

/** Where an OpenAI-compatible embedding model is. */
export interface OpenAIEmbedderOptions extends OpenAIConnectionOptions {
  readonly model: string;
  /** Asks for vectors of this length, where the model allows it. @default the model's own */
  readonly dimension?: number | undefined;
  /** How many texts one call has at most. @default 128 */
  readonly maxBatchSize?: number | undefined;
  /** base64 is a third of the bytes; servers that do not know it answer with numbers. @default 'base64' */
  readonly encodingFormat?: EncodingFormat | undefined;
}

/** 300,000 tokens a call at OpenAI: three characters a token leave room for languages other than English. */
const MAX_BATCH_CHARACTERS = 600_000;
const PROBE_TIMEOUT_MS = 30_000;

/** Embeds with OpenAI and everything that speaks its protocol: vLLM, Ollama, llama.cpp, LiteLLM, TEI, Azure. */
export class OpenAIEmbedder implements Embedder {
  readonly name: string;
  readonly dimension: number;
  readonly maxBatchSize: number;
  readonly maxBatchCharacters = MAX_BATCH_CHARACTERS;
  readonly #calls: EmbeddingCalls;

  private constructor(calls: EmbeddingCalls, dimension: number, options: OpenAIEmbedderOptions) {
    this.name = calls.name;
    this.dimension = dimension;
    this.maxBatchSize = options.maxBatchSize ?? 128;
    this.#calls = calls;
  }

  /** Makes one; where no dimension is given, a first call finds the model's. Throws what that call throws. */
  static async open(options: OpenAIEmbedderOptions, { signal }: EmbedOptions = {}): Promise<OpenAIEmbedder> {
    const calls = await EmbeddingCalls.open(options);
    const dimension = options.dimension ?? (await findDimension(calls, signal));
    return new OpenAIEmbedder(calls, dimension, options);
  }

  async embedDocuments(
    texts: readonly string[],
    options: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    return texts.length === 0 ? [] : this.#calls.embed(texts, options);
  }

  async embedQuery(text: string, options: EmbedOptions = {}): Promise<Float32Array> {
    const [vector] = await this.#calls.embed([text], options);
    return vector ?? new Float32Array();
  }
}

async function findDimension(calls: EmbeddingCalls, signal = new AbortController().signal): Promise<number> {
  const what = `The embedder ${calls.name}`;
  const patience = { maxAttempts: 3, baseDelayMs: 250, maxDelayMs: 5_000, random: Math.random };
  const [vector] = await retryWithJitter(
    async () =>
      withinTime({ timeoutMs: PROBE_TIMEOUT_MS, what, signal, sleep: sleepFor }, async (signal) =>
        calls.embed(['dimension'], { signal }),
      ),
    { ...patience, signal, sleep: sleepFor },
  );
  if (vector === undefined || vector.length === 0) {
    throw new CitestreamError('EMBEDDER_FAILED', `${what} answered with an empty vector.`);
  }
  return vector.length;
}

/** The calls themselves: one client, and the format the server understands. */
class EmbeddingCalls {
  readonly name: string;
  readonly #connection: OpenAIConnection;
  readonly #options: OpenAIEmbedderOptions;
  #format: EncodingFormat;

  private constructor(connection: OpenAIConnection, options: OpenAIEmbedderOptions) {
    this.name = `openai:${options.model}`;
    this.#connection = connection;
    this.#options = options;
    this.#format = options.encodingFormat ?? 'base64';
  }

  static async open(options: OpenAIEmbedderOptions): Promise<EmbeddingCalls> {
    return new EmbeddingCalls(await openOpenAI(options), options);
  }

  async embed(texts: readonly string[], { signal }: EmbedOptions): Promise<readonly Float32Array[]> {
    try {
      return await this.#request(texts, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (this.#format === 'float' || !isAboutFormat(error)) {
        const { openAIEmbedderFailure } = await import('./openai-embedder-failure.ts');
        const { url, secrets } = this.#connection;
        throw openAIEmbedderFailure(error, { name: this.name, model: this.#options.model, url, secrets });
      }
      this.#format = 'float';
      return this.embed(texts, signal === undefined ? {} : { signal });
    }
  }

  async #request(
    texts: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Float32Array[]> {
    const { model, dimension } = this.#options;
    const { client, url } = this.#connection;
    const response = await client.embeddings.create(
      {
        model,
        input: [...texts],
        // Named, so that the client does not decode by itself: it reads numbers of a server that ignores it as base64.
        encoding_format: this.#format,
        ...(dimension === undefined ? {} : { dimensions: dimension }),
      },
      signal === undefined ? {} : { signal },
    );
    const data = (response as Partial<typeof response> | null | undefined)?.data;
    if (!Array.isArray(data)) {
      throw new CitestreamError(
        'EMBEDDER_FAILED',
        `${url} answered without embeddings. Correct the address: it is the root of the API and often ends in /v1.`,
      );
    }
    const ordered = data.toSorted((one, other) => one.index - other.index);
    return ordered.map(({ embedding }) => decodeVector(embedding));
  }
}

function isAboutFormat(error: unknown): boolean {
  const { status, message } = error as { readonly status?: number; readonly message?: string };
  return (status === 400 || status === 422) && /encoding_format|base64/i.test(message ?? '');
}

/** Numbers, or base64 of little-endian float32, whichever the server chose. */
function decodeVector(embedding: unknown): Float32Array {
  if (typeof embedding !== 'string') return vectorOf(embedding);
  const bytes = Buffer.from(embedding, 'base64');
  const vector = new Float32Array(Math.floor(bytes.length / Float32Array.BYTES_PER_ELEMENT));
  for (const at of vector.keys()) vector[at] = bytes.readFloatLE(at * Float32Array.BYTES_PER_ELEMENT);
  return vector;
}
