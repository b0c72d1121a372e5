import { join } from 'node:path';

import type { Configuration } from './config/configuration.ts';
import { parseProvider } from './config/provider-string.ts';
import { BatchedEmbedder } from './embeddings/batched-embedder.ts';
import type { Embedder, EmbedOptions } from './embeddings/embedder.ts';
import type { LoadProgress } from './embeddings/local-embedder.ts';

/** Who waits for an embedder, and who hears how far loading it is. */
export interface CreateEmbedderOptions extends EmbedOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Makes the embedder that the configuration names, with batching, retries and time-outs above it; nothing for bm25,
 * which makes no vectors. A line here is what adding an embedder takes. Throws what the provider throws where it
 * cannot be reached or loaded.
 */
export async function createEmbedder(
  configuration: Configuration,
  options: CreateEmbedderOptions = {},
): Promise<BatchedEmbedder | undefined> {
  const { batchSize, maxParallel, timeoutMs } = configuration.embedding;
  const embedder = await openEmbedder(configuration, options);
  return embedder && new BatchedEmbedder(embedder, { batchSize, maxParallel, timeoutMs });
}

/** Each provider is loaded only where it is used: their clients are large. */
async function openEmbedder(
  configuration: Configuration,
  options: CreateEmbedderOptions,
): Promise<Embedder | undefined> {
  const provider = parseProvider('embedder', configuration.embedder);
  const { dimension } = configuration.embedding;
  switch (provider.kind) {
    case 'bm25':
      return undefined;
    case 'openai': {
      const { OpenAIEmbedder } = await import('./embeddings/openai-embedder.ts');
      const { model, url } = provider;
      return OpenAIEmbedder.open({ model, url, dimension }, options);
    }
    case 'bedrock': {
      const { BedrockEmbedder } = await import('./embeddings/bedrock-embedder.ts');
      return BedrockEmbedder.open({ model: provider.model, dimension });
    }
    case 'local': {
      const { LocalEmbedder } = await import('./embeddings/local-embedder.ts');
      const { modelsDir, precision, maxParallel } = configuration.embedding;
      return LocalEmbedder.open(
        {
          model: provider.model,
          modelsDir,
          cacheDir: join(configuration.dataDir, 'models'),
          precision,
          threads: maxParallel,
          onProgress: options.onProgress,
        },
        options,
      );
    }
    default:
      return provider satisfies never;
  }
}
