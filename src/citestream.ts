import type { ChatEngine } from './chat/chat-engine.ts';
import type { HistoryStore } from './chat/history-store.ts';
import type { CitationQueryEngine } from './citations/citation-query-engine.ts';
import type { Configuration } from './config/configuration.ts';
import type { IngestJobs } from './ingest/ingest-jobs.ts';
import type { Retriever } from './retrieval/retriever.ts';
import type { VectorStore } from './stores/vector-store.ts';

/** The parts of a running citestream, wired from one configuration; dispose it to close them all. */
export interface Citestream extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly store: VectorStore;
  readonly retriever: Retriever;
  readonly engine: Pick<CitationQueryEngine, 'retrieve' | 'query' | 'streamQuery'>;
  readonly chat: Pick<ChatEngine, 'stream' | 'stop'>;
  readonly history: HistoryStore;
  readonly jobs: IngestJobs;
}
