import type { Configuration } from './config/configuration.ts';
import { parseProvider } from './config/provider-string.ts';
import type { Embedder } from './embeddings/embedder.ts';
import { LanceDBStore } from './stores/lancedb-store.ts';
import { QdrantStore } from './stores/qdrant-store.ts';
import type { VectorStore } from './stores/vector-store.ts';

/**
 * Opens the store that the configuration names; a line here is what adding a store takes. Throws STORE_MISMATCH, before
 * anything is written, where it was made with another embedder.
 */
export async function openStore(
  configuration: Configuration,
  embedder?: Pick<Embedder, 'name' | 'dimension'>,
): Promise<VectorStore> {
  const provider = parseProvider('store', configuration.store);
  switch (provider.kind) {
    case 'lancedb':
      return LanceDBStore.open(provider.directory, {
        collection: configuration.collection,
        dimension: embedder?.dimension,
        embedderName: embedder?.name,
      });
    case 'qdrant': {
      const { maxParallel, mmrDiversity, onDisk, ...settings } = configuration.qdrant;
      return QdrantStore.open({
        ...settings,
        url: provider.url,
        collection: provider.collection,
        dimension: embedder?.dimension,
        embedderName: embedder?.name,
        parallel: maxParallel,
        onDisk: onDisk === 'yes',
        ...(mmrDiversity !== undefined && { mmr: { diversity: mmrDiversity } }),
      });
    }
    default:
      return provider satisfies never;
  }
}
