import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';

import type { InputType } from './embedder.ts';
import { type LocalModelConfig, readModelConfig } from './local-model-config.ts';
import { modelFileReader } from './local-model-files.ts';

/** Runs on the threads of `LocalEmbedder`: each loads the model once, and then embeds. */

/** Which model, and where it is. */
export interface LocalModelSettings {
  /** The module of transformers.js; tests give another. */
  readonly library: string;
  readonly modelId: string;
  /** Where models are, or are downloaded to. */
  readonly directory: string;
  readonly mayDownload: boolean;
  readonly precision: string;
  /** Processors for one thread's computing. */
  readonly processors: number;
}

/** What is embedded. */
export interface EmbedTask {
  readonly settings: LocalModelSettings;
  readonly texts: readonly string[];
  readonly type: InputType;
}

/** Errors would lose what they are between threads. */
export type LocalResult<T> =
  | { readonly value: T }
  | { readonly failed: { readonly code: string | undefined; readonly message: string } };

/** One file of a model on its way, as a message beside the tasks. */
export interface LoadProgress {
  readonly file: string;
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** As much of transformers.js as is used here; it is an optional peer, and its types are not at hand. */
interface Transformers {
  readonly env: {
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    useFSCache: boolean;
    localModelPath: string;
    cacheDir: string;
    readonly remoteHost: string;
  };
  readonly pipeline: (
    task: 'feature-extraction',
    model: string,
    options: {
      readonly dtype: string;
      readonly device: 'cpu';
      readonly progress_callback: (info: ProgressInfo) => void;
      readonly session_options: { readonly intraOpNumThreads: number };
    },
  ) => Promise<Extractor>;
}

type Extractor = (
  texts: readonly string[],
  options: { readonly pooling: LocalModelConfig['pooling']; readonly normalize: boolean },
) => Promise<{ readonly dims: readonly number[]; readonly data: Float32Array }>;

interface ProgressInfo {
  readonly status: string;
  readonly file?: string;
  readonly loaded?: number;
  readonly total?: number;
}

interface LoadedModel {
  readonly config: LocalModelConfig;
  readonly extract: Extractor;
}

let loaded: Promise<LoadedModel> | undefined;

/** Loads the model and tells the length of its vectors. */
export async function load(settings: LocalModelSettings): Promise<LocalResult<number>> {
  return result(async () => {
    const [vector] = await embedTexts({ settings, texts: ['dimension'], type: 'document' });
    return vector?.length ?? 0;
  });
}

/** Embeds texts, in order. */
export async function embed(task: EmbedTask): Promise<LocalResult<readonly Float32Array[]>> {
  return result(async () => embedTexts(task));
}

async function embedTexts({ settings, texts, type }: EmbedTask): Promise<readonly Float32Array[]> {
  loaded ??= loadModel(settings);
  const { config, extract } = await loaded.catch((error: unknown) => {
    // The next task tries again.
    loaded = undefined;
    throw error;
  });
  const prefix = type === 'query' ? config.queryPrefix : config.documentPrefix;
  const { pooling, normalize } = config;
  // The last token of a text that is padded on the right is padding: such models get one text at a time.
  const size = pooling === 'last_token' ? 1 : texts.length;
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += size) {
    const batch = texts.slice(start, start + size).map((text) => prefix + text);
    const { data, dims } = await extract(batch, { pooling, normalize });
    const dimension = dims.at(-1) ?? 0;
    for (let at = 0; at < batch.length; at += 1) {
      vectors.push(Float32Array.from(data.subarray(at * dimension, (at + 1) * dimension)));
    }
  }
  return vectors;
}

async function loadModel(settings: LocalModelSettings): Promise<LoadedModel> {
  const { library, modelId, directory, mayDownload, precision, processors } = settings;
  const { env, pipeline } = (await import(library)) as Transformers;
  env.allowRemoteModels = mayDownload;
  env.allowLocalModels = !mayDownload;
  env.useFSCache = mayDownload;
  env.localModelPath = directory;
  env.cacheDir = directory;
  const read = modelFileReader({
    folder: join(directory, modelId),
    remoteRoot: mayDownload ? new URL(`${modelId}/resolve/main/`, env.remoteHost).href : undefined,
  });
  const config = await readModelConfig(modelId, read);
  const extract = await pipeline('feature-extraction', modelId, {
    dtype: precision,
    device: 'cpu',
    session_options: { intraOpNumThreads: processors },
    progress_callback: ({ status, file, loaded: loadedBytes, total: totalBytes }) => {
      if (status !== 'progress' || file === undefined) return;
      if (loadedBytes === undefined || totalBytes === undefined) return;
      parentPort?.postMessage({ file, loadedBytes, totalBytes } satisfies LoadProgress);
    },
  });
  return { config, extract };
}

async function result<T>(work: () => Promise<T>): Promise<LocalResult<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    let inner = error;
    while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
    const { code } = (inner ?? {}) as NodeJS.ErrnoException;
    const own = error instanceof Error ? error.message : String(error);
    const cause = inner instanceof Error && inner !== error ? ` (${inner.message})` : '';
    return { failed: { code, message: `${own}${cause}` } };
  }
}
