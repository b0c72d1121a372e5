import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';

import type { Piscina } from 'piscina';

import { CitestreamError } from '../errors.ts';
import { unlessAborted } from '../llms/unless-aborted.ts';
import type { Embedder, EmbedOptions, InputType } from './embedder.ts';
import { localEmbedderFailure, missingModel } from './local-embedder-failure.ts';
import type { EmbedTask, LoadProgress, LocalModelSettings, LocalResult } from './local-embedder-worker.ts';

export type { LoadProgress } from './local-embedder-worker.ts';

/** Which model of transformers.js is loaded, and from where. */
export interface LocalEmbedderOptions {
  /** As on the Hugging Face hub; without an owner, `Xenova/` is meant. */
  readonly model: string;
  /** Where models are; with it nothing is downloaded. */
  readonly modelsDir?: string | undefined;
  /** Where models are downloaded to. @default '.citestream/models' */
  readonly cacheDir?: string | undefined;
  /** Which of the model's ONNX files: q8 is quantised to 8 bits. @default 'q8' */
  readonly precision?: 'q8' | 'fp32' | 'fp16' | 'q4' | undefined;
  /** How many threads compute, each with a copy of the model. @default 1, which uses all processors */
  readonly threads?: number | undefined;
  /** Called while files are downloaded or read. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** For tests: a module that takes the place of transformers.js. @default '@huggingface/transformers' */
  readonly library?: string | undefined;
}

/**
 * Embeds with an ONNX model on threads of this process, by `@huggingface/transformers`, which is installed by whoever
 * wants it. The model is downloaded once, or taken from a folder where there is no network.
 */
export class LocalEmbedder implements Embedder {
  readonly name: string;
  readonly dimension: number;
  readonly maxBatchSize = 32;
  /** All texts of a call are padded to the longest: more of them at once cost memory and gain nothing. */
  readonly maxBatchCharacters = 64_000;
  readonly maxParallel: number;
  readonly #pool: Piscina;
  readonly #settings: LocalModelSettings;

  private constructor(name: string, dimension: number, pool: Piscina, settings: LocalModelSettings) {
    this.name = name;
    this.dimension = dimension;
    this.maxParallel = pool.options.maxThreads;
    this.#pool = pool;
    this.#settings = settings;
  }

  /**
   * Loads the model. Throws CONFIGURATION where the package is not installed, MODEL_NOT_FOUND where there is no such
   * model, and UPSTREAM_UNAVAILABLE where it cannot be downloaded; each says what to install, or where to put files.
   */
  static async open(options: LocalEmbedderOptions, { signal }: EmbedOptions = {}): Promise<LocalEmbedder> {
    signal?.throwIfAborted();
    const { model, threads = 1, onProgress } = options;
    const settings = settingsOf(options, threads);
    const { Piscina } = await import('piscina');
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const pool = new Piscina({
      filename: new URL(`local-embedder-worker.${extension}`, import.meta.url).href,
      minThreads: 1,
      maxThreads: threads,
      // A thread that ends loses its model.
      idleTimeout: Infinity,
    });
    pool.on('message', (progress: LoadProgress) => onProgress?.(progress));
    pool.on('error', () => {});
    try {
      const loading = pool.run(settings, { name: 'load' }) as Promise<LocalResult<number>>;
      const dimension = unwrap(await unlessAborted(loading, signal), settings);
      return new LocalEmbedder(`local:${model}`, dimension, pool, settings);
    } catch (error) {
      await pool.destroy();
      throw error;
    }
  }

  async embedDocuments(
    texts: readonly string[],
    options: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    options.signal?.throwIfAborted();
    return texts.length === 0 ? [] : this.#run(texts, 'document', options);
  }

  async embedQuery(text: string, options: EmbedOptions = {}): Promise<Float32Array> {
    options.signal?.throwIfAborted();
    const [vector] = await this.#run([text], 'query', options);
    return vector ?? new Float32Array();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }

  /** A caller who leaves is let go; the thread goes on with its batch, since ending it would lose the model. */
  async #run(
    texts: readonly string[],
    type: InputType,
    { signal }: EmbedOptions,
  ): Promise<readonly Float32Array[]> {
    const task: EmbedTask = { settings: this.#settings, texts, type };
    const embedding = this.#pool.run(task, { name: 'embed' }) as Promise<
      LocalResult<readonly Float32Array[]>
    >;
    embedding.catch(() => {});
    try {
      return unwrap(await unlessAborted(embedding, signal), this.#settings);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof CitestreamError) throw error;
      throw new CitestreamError(
        'EMBEDDER_FAILED',
        `The thread of ${this.name} ended: ${(error as Error).message}. A smaller model, or fewer threads, need less memory.`,
        { cause: error },
      );
    }
  }
}

function settingsOf(options: LocalEmbedderOptions, threads: number): LocalModelSettings {
  const { model, modelsDir, cacheDir = '.citestream/models', precision = 'q8' } = options;
  const hubId = model.includes('/') ? model : `Xenova/${model}`;
  const directory = resolve(modelsDir ?? cacheDir);
  const isThere = (id: string): boolean => existsSync(join(directory, id, 'config.json'));
  const modelId = modelsDir !== undefined && isThere(model) ? model : hubId;
  if (modelsDir !== undefined && !isThere(modelId)) throw missingModel(model, { directory, precision });
  return {
    library: options.library ?? '@huggingface/transformers',
    modelId,
    directory,
    mayDownload: modelsDir === undefined,
    precision,
    processors: Math.max(1, Math.floor(availableParallelism() / threads)),
  };
}

function unwrap<T>(result: LocalResult<T>, settings: LocalModelSettings): T {
  if ('value' in result) return result.value;
  throw localEmbedderFailure(result.failed, settings);
}
