import { existsSync } from 'node:fs';
import type { Citestream } from '../citestream.ts';
import type { Configuration } from '../config/configuration.ts';
import { parseProvider } from '../config/provider-string.ts';
import { createCitestream } from '../create-citestream.ts';
import { CitestreamError } from '../errors.ts';

/** Opens what is configured, for a question; throws NOT_FOUND, and makes no folder, where nothing was ingested yet. */
export async function openWithDocuments(
  configuration: Configuration,
  signal: AbortSignal,
): Promise<Citestream> {
  const { dataDir, collection } = configuration;
  const nothing = (): CitestreamError =>
    new CitestreamError(
      'NOT_FOUND',
      `There are no documents in ${dataDir}${collection === 'documents' ? '' : ` (collection ${collection})`} yet. ` +
        'Add some first: citestream ingest FOLDER',
    );
  const store = parseProvider('store', configuration.store);
  if (!existsSync(store.kind === 'lancedb' ? store.directory : dataDir)) throw nothing();
  const citestream = await createCitestream(configuration);
  try {
    const { documents } = await citestream.store.count({ signal });
    if (documents === 0) throw nothing();
    return citestream;
  } catch (error) {
    await citestream[Symbol.asyncDispose]();
    throw error;
  }
}
