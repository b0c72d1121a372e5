import type { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';

import { CitestreamError } from '../errors.ts';
import { type BedrockEmbeddingModel, bedrockEmbeddingModel } from './bedrock-embedding-models.ts';
import { bedrockEmbedderFailure } from './bedrock-embedder-failure.ts';
import { vectorOf } from './check-vectors.ts';
import type { Embedder, EmbedOptions, InputType } from './embedder.ts';

/** Which embedding model of Bedrock, and how AWS is reached; what is not given is found as every AWS tool finds it. */
export interface BedrockEmbedderOptions {
  /** A model id, an inference profile's id, or an ARN that ends in one of them. */
  readonly model: string;
  /** Asks for vectors of this length, where the model allows it. @default the model's own */
  readonly dimension?: number | undefined;
  /** @default AWS_REGION, else the profile's */
  readonly region?: string | undefined;
  /** @default AWS_PROFILE */
  readonly profile?: string | undefined;
  /** @default AWS_ENDPOINT_URL_BEDROCK_RUNTIME, else the region's */
  readonly endpoint?: string | undefined;
}

/** Embeds with Titan and Cohere models through Bedrock's InvokeModel. */
export class BedrockEmbedder implements Embedder {
  readonly name: string;
  readonly dimension: number;
  readonly maxBatchSize: number;
  readonly maxBatchCharacters: number | undefined;
  readonly maxTextCharacters: number | undefined;
  readonly maxParallel: number | undefined;
  readonly #modelId: string;
  readonly #model: BedrockEmbeddingModel;
  readonly #client: BedrockRuntimeClient;
  readonly #InvokeModel: typeof InvokeModelCommand;

  private constructor(
    options: BedrockEmbedderOptions,
    model: BedrockEmbeddingModel,
    client: BedrockRuntimeClient,
    InvokeModel: typeof InvokeModelCommand,
  ) {
    this.name = `bedrock:${options.model}`;
    this.dimension = chosenDimension(options, model);
    this.maxBatchSize = model.maxBatchSize;
    this.maxBatchCharacters = model.maxBatchCharacters;
    this.maxTextCharacters = model.maxTextCharacters;
    this.maxParallel = model.maxParallel;
    this.#modelId = options.model;
    this.#model = model;
    this.#client = client;
    this.#InvokeModel = InvokeModel;
  }

  /** Makes one without a call; throws CONFIGURATION for a model or a dimension that there is not. */
  static async open(options: BedrockEmbedderOptions): Promise<BedrockEmbedder> {
    const model = bedrockEmbeddingModel(options.model);
    chosenDimension(options, model);
    const { BedrockRuntimeClient, InvokeModelCommand } = await import('@aws-sdk/client-bedrock-runtime');
    const { region, profile, endpoint } = options;
    const client = new BedrockRuntimeClient({
      // Trying again belongs to BatchedEmbedder.
      maxAttempts: 1,
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
    });
    return new BedrockEmbedder(options, model, client, InvokeModelCommand);
  }

  async embedDocuments(
    texts: readonly string[],
    options: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    options.signal?.throwIfAborted();
    return texts.length === 0 ? [] : this.#invoke(texts, 'document', options);
  }

  async embedQuery(text: string, options: EmbedOptions = {}): Promise<Float32Array> {
    options.signal?.throwIfAborted();
    const [vector] = await this.#invoke([text], 'query', options);
    return vector ?? new Float32Array();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
  }

  async #invoke(
    texts: readonly string[],
    type: InputType,
    { signal }: EmbedOptions,
  ): Promise<readonly Float32Array[]> {
    const body = this.#model.body(texts, { type, dimension: this.dimension });
    const command = new this.#InvokeModel({
      modelId: this.#modelId,
      contentType: 'application/json',
      accept: 'application/json',
      body: JSON.stringify(body),
    });
    try {
      const answer = await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
      return this.#read(answer.body.transformToString());
    } catch (error) {
      signal?.throwIfAborted();
      throw bedrockEmbedderFailure(error, { name: this.name, model: this.#modelId });
    }
  }

  #read(body: string): readonly Float32Array[] {
    const vectors = this.#model.vectors(JSON.parse(body) as Readonly<Record<string, unknown>>);
    if (Array.isArray(vectors)) return vectors.map(vectorOf);
    throw new CitestreamError('EMBEDDER_FAILED', `${this.name} answered without embeddings.`);
  }
}

function chosenDimension(
  { model: id, dimension }: BedrockEmbedderOptions,
  { dimensions }: BedrockEmbeddingModel,
): number {
  if (dimension === undefined) return dimensions[0];
  if (dimensions.includes(dimension)) return dimension;
  throw new CitestreamError(
    'CONFIGURATION',
    `embedding.dimension is ${dimension}; the vectors of ${id} have ${dimensions.join(' or ')} numbers.`,
  );
}
