import type { describeEmbedder as DescribeEmbedder } from './embedder-contract.ts';
import type { describeHistoryStore as DescribeHistoryStore } from './history-store-contract.ts';
import type { describeLLM as DescribeLLM } from './llm-contract.ts';
import type { describeVectorStore as DescribeVectorStore } from './vector-store-contract.ts';

// The suites import Vitest, and they are loaded when they are called: the fakes beside them need no test runner.

/** The behaviour every Embedder has, as Vitest tests: `await describeEmbedder(…)` in a test file of the embedder. */
export async function describeEmbedder(...given: Parameters<typeof DescribeEmbedder>): Promise<void> {
  const suite = await import('./embedder-contract.ts');
  suite.describeEmbedder(...given);
}

/** The behaviour every HistoryStore has, as Vitest tests: `await describeHistoryStore(…)` in a test file of the store. */
export async function describeHistoryStore(...given: Parameters<typeof DescribeHistoryStore>): Promise<void> {
  const suite = await import('./history-store-contract.ts');
  suite.describeHistoryStore(...given);
}

/** The behaviour every LLM has, as Vitest tests: `await describeLLM(…)` in a test file of the LLM. */
export async function describeLLM(...given: Parameters<typeof DescribeLLM>): Promise<void> {
  const suite = await import('./llm-contract.ts');
  await suite.describeLLM(...given);
}

/** The behaviour every VectorStore has, as Vitest tests: `await describeVectorStore(…)` in a test file of the store. */
export async function describeVectorStore(...given: Parameters<typeof DescribeVectorStore>): Promise<void> {
  const suite = await import('./vector-store-contract.ts');
  suite.describeVectorStore(...given);
}
