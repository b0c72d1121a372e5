/**
 * What a provider of one's own is tested with: deterministic fakes of the interfaces, and the contract suites that
 * every implementation passes. The suites register Vitest tests, so calling one needs `vitest` installed.
 */
export { FixedRetriever } from './fixed-retriever.ts';
export { HashingEmbedder } from './hashing-embedder.ts';
export { ScriptedLLM } from './scripted-llm.ts';
export {
  describeEmbedder,
  describeHistoryStore,
  describeLLM,
  describeVectorStore,
} from './contract-suites.ts';
export { startBedrockSimulator } from '../simulators/bedrock-simulator.ts';
export { startQdrantSimulator } from '../simulators/qdrant-simulator.ts';
