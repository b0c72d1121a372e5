import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DocumentPool } from '../documents/document-pool.ts';
import { READABLE_EXTENSIONS } from '../documents/readers.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import { loadBeir } from '../evaluation/load-beir.ts';
import { findFiles } from '../ingest/find-files.ts';
import { ingest } from '../ingest/ingest.ts';
import { VectorIndexRetriever } from '../retrieval/vector-index-retriever.ts';
import { startQdrantSimulator } from '../simulators/qdrant-simulator.ts';
import { QdrantStore } from './qdrant-store.ts';

const folder = fileURLToPath(new URL('../../../shared/data/cranfield/', import.meta.url));

describe.skipIf(!existsSync(folder))('search by words in Qdrant, on Cranfield', () => {
  it('finds what was judged relevant no worse than LanceDB does', async () => {
    await using simulator = await startQdrantSimulator();
    await using store = await QdrantStore.open({ url: simulator.url });
    const { corpusFile, queries } = await loadBeir(folder);
    const found = await findFiles([corpusFile], {
      extensions: READABLE_EXTENSIONS,
      exclude: [],
      never: `${folder}/.citestream`,
    });
    {
      const settings = { chunkSize: 512, chunkOverlap: 20, maxFileBytes: 100_000_000 };
      await using pool = new DocumentPool({ settings, threads: 1, fileTimeoutMs: 60_000, maxHeapMb: 512 });
      await ingest({ found, store, pool });
    }
    expect((await store.count()).documents).toBeGreaterThan(1000);
    const { ndcg } = await evaluate(new VectorIndexRetriever({ store }), queries);
    expect(ndcg.mean).toBeGreaterThan(0.386);
  });
});
