import type { Configuration } from './config/configuration.ts';
import { parseProvider } from './config/provider-string.ts';
import { notInThisVersion } from './config/require-available.ts';
import { LanceDBStore } from './stores/lancedb-store.ts';
import type { VectorStore } from './stores/vector-store.ts';

/** Opens the store that the configuration names; a line here is what adding a store takes. */
export async function openStore(configuration: Configuration): Promise<VectorStore> {
  const provider = parseProvider('store', configuration.store);
  switch (provider.kind) {
    case 'lancedb':
      return LanceDBStore.open(provider.directory, { collection: configuration.collection });
    case 'qdrant':
      throw notInThisVersion({ setting: 'store', value: 'qdrant', instead: 'lancedb:DIR' });
    default:
      return provider satisfies never;
  }
}
