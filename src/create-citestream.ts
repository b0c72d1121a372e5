import { join } from 'node:path';

import { ChatEngine } from './chat/chat-engine.ts';
import { SqliteHistoryStore } from './chat/sqlite-history-store.ts';
import { CitationQueryEngine } from './citations/citation-query-engine.ts';
import type { Citestream } from './citestream.ts';
import type { Configuration } from './config/configuration.ts';
import { requireAvailable } from './config/require-available.ts';
import { createEmbedder } from './create-embedder.ts';
import { createLLM } from './create-llm.ts';
import { QueuedIngestJobs } from './ingest/queued-ingest-jobs.ts';
import { runIngestInThread } from './ingest-thread.ts';
import { openStore } from './open-store.ts';
import { ResourceStack } from './resource-stack.ts';
import { VectorIndexRetriever } from './retrieval/vector-index-retriever.ts';

/**
 * Wires the parts from one configuration: the only place that knows which implementations there are. Dispose what it
 * returns to close them all. Throws NOT_IMPLEMENTED for what this version does not have, and what opening the store
 * and the history throw.
 *
 * @example
 * await using citestream = await createCitestream(loadConfiguration().configuration);
 * for await (const event of citestream.chat.stream({ message: 'What is a turn?' })) console.log(event);
 */
export async function createCitestream(configuration: Configuration): Promise<Citestream> {
  requireAvailable(configuration);
  await using opened = new ResourceStack();
  const embedder = opened.use(await createEmbedder(configuration));
  const store = opened.use(await openStore(configuration, embedder));
  const history = opened.use(new SqliteHistoryStore(join(configuration.dataDir, 'history.sqlite')));
  const jobs = opened.use(
    new QueuedIngestJobs({ run: async (task) => runIngestInThread({ ...task, configuration }) }),
  );
  const llm = await createLLM(configuration);
  opened.use({ [Symbol.asyncDispose]: async () => llm[Symbol.asyncDispose]?.() });
  const { topK, mode, scoreCutoff, timeoutMs } = configuration.retrieval;
  const retriever = new VectorIndexRetriever({
    store,
    embedder,
    similarityTopK: topK,
    mode,
    timeoutMs,
    ...(scoreCutoff === undefined ? {} : { scoreCutoff }),
  });
  const engine = new CitationQueryEngine({
    retriever,
    llm,
    citationChunkSize: configuration.citation.chunkSize,
    citationChunkOverlap: configuration.citation.chunkOverlap,
  });
  const chat = new ChatEngine({
    engine,
    llm,
    history,
    historyTokens: configuration.chat.historyTokens,
    maxMessageCharacters: configuration.chat.maxMessageChars,
    mode: configuration.mode,
  });
  const resources = opened.move();
  return {
    configuration,
    store,
    retriever,
    engine,
    chat,
    history,
    jobs,
    [Symbol.asyncDispose]: async () => resources[Symbol.asyncDispose](),
  };
}
