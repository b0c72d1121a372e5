/**
 * The library: everything a program may import from `citestream`. What is not named here is internal and may change;
 * the fakes and contract suites are in `citestream/testing`.
 */

// The whole, wired from a configuration.
export { createCitestream } from './create-citestream.ts';
export type { Citestream } from './citestream.ts';
export { loadConfiguration } from './config/load-configuration.ts';
export type { ConfigurationSources, LoadedConfiguration } from './config/load-configuration.ts';
export type { Configuration, ConfigurationInput } from './config/configuration.ts';
export { runIngest } from './run-ingest.ts';
export type { RunIngestOptions } from './run-ingest.ts';
export type { DocumentStatus, IngestEvent, IngestFailure, IngestSummary } from './ingest/ingest-event.ts';

// Chat: questions of a session.
export { ChatEngine } from './chat/chat-engine.ts';
export type { ChatEngineOptions, ChatTurn } from './chat/chat-engine.ts';
export type { ExecutionMode, FinishReason, TurnEvent, TurnTimings } from './chat/turn-event.ts';
export { SqliteHistoryStore } from './chat/sqlite-history-store.ts';
export type {
  HistoryStore,
  SessionRecord,
  TurnOutcome,
  TurnRecord,
  TurnStatus,
} from './chat/history-store.ts';

// Citations: answers whose claims can be checked.
export { CitationQueryEngine } from './citations/citation-query-engine.ts';
export type {
  CitationQueryEngineOptions,
  QueryOptions,
  SynthesizeOptions,
} from './citations/citation-query-engine.ts';
export { CitationParser } from './citations/citation-parser.ts';
export type { Citation, Source, Support } from './citations/citation.ts';
export type { QueryEvent, QueryResult, QueryTimings } from './citations/query-event.ts';

// Retrieval.
export { VectorIndexRetriever } from './retrieval/vector-index-retriever.ts';
export type { RetrieveOptions, Retriever } from './retrieval/retriever.ts';

// Documents and their store.
export { SentenceSplitter } from './documents/sentence-splitter.ts';
export type {
  Chunk,
  DocumentRecord,
  Metadata,
  MetadataValue,
  ScoredChunk,
  StoredChunk,
} from './documents/document.ts';
export { LanceDBStore } from './stores/lancedb-store.ts';
export type { LanceDBStoreOptions } from './stores/lancedb-store.ts';
export { QdrantStore } from './stores/qdrant-store.ts';
export type { QdrantStoreOptions } from './stores/qdrant-store.ts';
export type { DocumentChunks, QueryMode, VectorStore, VectorStoreQuery } from './stores/vector-store.ts';
export type {
  FilterOperator,
  FilterValue,
  MetadataFilter,
  MetadataFilters,
} from './stores/metadata-filters.ts';

// Providers.
export { BatchedEmbedder } from './embeddings/batched-embedder.ts';
export type { BatchedEmbedderOptions } from './embeddings/batched-embedder.ts';
export { BedrockEmbedder } from './embeddings/bedrock-embedder.ts';
export type { BedrockEmbedderOptions } from './embeddings/bedrock-embedder.ts';
export type { Embedder, EmbedderLimits, EmbedOptions } from './embeddings/embedder.ts';
export { LocalEmbedder } from './embeddings/local-embedder.ts';
export type { LocalEmbedderOptions } from './embeddings/local-embedder.ts';
export { OpenAIEmbedder } from './embeddings/openai-embedder.ts';
export type { OpenAIEmbedderOptions } from './embeddings/openai-embedder.ts';
export { Bedrock } from './llms/bedrock-invoke.ts';
export type { BedrockOptions } from './llms/bedrock-invoke.ts';
export { BedrockConverse } from './llms/bedrock-converse.ts';
export type { BedrockConverseOptions } from './llms/bedrock-converse.ts';
export { ExtractiveLLM } from './llms/extractive.ts';
export { OpenAILLM } from './llms/openai-llm.ts';
export type { OpenAILLMOptions } from './llms/openai-llm.ts';
export { resilientLLM } from './llms/resilient-llm.ts';
export type { ResilienceEvent, ResilienceOptions } from './llms/resilience-options.ts';
export type {
  ChatDelta,
  ChatMessage,
  ChatOptions,
  ChatRequest,
  ChatResponse,
  Grounding,
  GroundingSource,
  LLM,
  LLMCapabilities,
  StopReason,
  Usage,
} from './llms/llm.ts';

// Errors.
export { CitestreamError, InvalidInputError, NotImplementedError } from './errors.ts';
export type { ErrorCode } from './errors.ts';
