import { join } from 'node:path';

import type { ChatTurn } from '../chat/chat-engine.ts';
import type { HistoryStore } from '../chat/history-store.ts';
import { SqliteHistoryStore } from '../chat/sqlite-history-store.ts';
import type { TurnEvent } from '../chat/turn-event.ts';
import type { Configuration, ConfigurationInput } from '../config/configuration.ts';
import type { Citestream } from '../citestream.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import type { DocumentRecord, StoredChunk } from '../documents/document.ts';
import type { IngestSummary } from '../ingest/ingest-event.ts';
import type { IngestJobs } from '../ingest/ingest-jobs.ts';
import { QueuedIngestJobs, type RunIngest } from '../ingest/queued-ingest-jobs.ts';
import type { VectorStore } from '../stores/vector-store.ts';

/** What a test decides: how turns go, how ingests go, and what is stored. */
export interface FakeCitestreamOptions {
  /** Where the history and uploads go. */
  readonly directory: string;
  readonly settings?: ConfigurationInput;
  /** @default a short answer that cites its one source */
  readonly answer?: (turn: ChatTurn) => AsyncGenerator<TurnEvent>;
  /** Whether `stop` knows a turn. @default none is known */
  readonly stop?: (turnId: string) => boolean;
  /** @default ends at once with nothing ingested */
  readonly ingest?: RunIngest;
  readonly chunks?: readonly StoredChunk[];
  /** What the store does in another way, as failing. */
  readonly store?: Partial<VectorStore>;
}

/** The parts of a citestream that a server needs: history and jobs are the real ones, store and answers are scripted. */
export interface FakeCitestream extends AsyncDisposable {
  readonly configuration: Configuration;
  readonly store: VectorStore;
  readonly chat: Citestream['chat'];
  readonly history: HistoryStore;
  readonly jobs: IngestJobs;
}

/** A citestream without an index or a model, to test against what stands above it. */
export function fakeCitestream(options: FakeCitestreamOptions): FakeCitestream {
  const { directory, settings = {}, answer = shortAnswer, stop = () => false } = options;

  const { configuration } = loadConfiguration({ directory, settings: { ...settings, dataDir: directory } });
  const history = new SqliteHistoryStore(join(directory, 'history.sqlite'));
  const jobs = new QueuedIngestJobs({ run: options.ingest ?? (async () => NOTHING) });
  return {
    configuration,
    store: { ...fixedStore(options.chunks ?? []), ...options.store },
    chat: { stream: answer, stop },
    history,
    jobs,
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]();
      await history[Symbol.asyncDispose]();
    },
  };
}

/** The answer of a fake that was given none. */
export async function* shortAnswer({ sessionId = 'session_1' }: ChatTurn): AsyncGenerator<TurnEvent> {
  yield { type: 'turn', turnId: 'turn_1', sessionId, mode: 'async' };
  yield {
    type: 'sources',
    sources: [
      {
        id: 1,
        chunkId: 'chunk_1',
        documentId: 'document_1',
        title: 'Pools',
        uri: 'docs/pools.md',
        page: 2,
        start: 10,
        end: 310,
        score: 1.5,
        text: 'A pool of workers runs blocking calls. '.repeat(8).trim(),
      },
    ],
  };
  yield { type: 'token', text: 'By a pool ' };
  yield { type: 'token', text: 'of workers [1].' };
  yield { type: 'citation', citation: { id: 1, chunkId: 'chunk_1', at: 21, support: 'supported' } };
  yield {
    type: 'done',
    finishReason: 'stop',
    usage: { inputTokens: 12, outputTokens: 7 },
    timings: { queueMs: 0, retrievalMs: 3, firstTokenMs: 5, totalMs: 9 },
    cited: [1],
  };
}

const NOTHING: IngestSummary = {
  added: 0,
  updated: 0,
  unchanged: 0,
  removed: 0,
  failed: [],
  files: 0,
  skipped: 0,
  chunks: 0,
  bytes: 0,
  elapsedMs: 0,
  stages: { readMs: 0, embedMs: 0, storeMs: 0 },
};

/** A store of the given chunks that can be listed and deleted from, and finds nothing. */
function fixedStore(chunks: readonly StoredChunk[]): VectorStore {
  const kept = new Map(Map.groupBy(chunks, ({ documentId }) => documentId));
  const record = (id: string, [first, ...others]: readonly StoredChunk[]): DocumentRecord => ({
    id,
    source: `/papers/${first?.uri}`,
    uri: first?.uri ?? '',
    title: first?.title ?? '',
    mediaType: 'text/markdown',
    bytes: 1000,
    contentHash: 'hash',
    metadata: first?.metadata ?? {},
    chunks: 1 + others.length,
    ingestedAt: '2026-01-02T03:04:05.000Z',
  });
  return {
    modes: ['sparse'],
    dimension: undefined,
    replaceDocuments: async () => undefined,
    deleteDocuments: async (ids) => ids.filter((id) => kept.delete(id)).length,
    query: async () => [],
    getChunk: async (id) => [...kept.values()].flat().find((chunk) => chunk.id === id),
    getDocument: async (id) => {
      const found = kept.get(id);
      return found && record(id, found);
    },
    getDocumentChunks: async (id) => kept.get(id) ?? [],
    listDocuments: async ({ after = '', limit = 100 } = {}) =>
      [...kept]
        .filter(([id]) => id > after)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([id, found]) => record(id, found)),
    count: async () => ({ documents: kept.size, chunks: [...kept.values()].flat().length }),
    optimize: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
