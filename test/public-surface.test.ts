import { describe, expect, it } from 'vitest';

import * as library from '../src/index.ts';
import * as testing from '../src/testing/index.ts';

describe('the public surface', () => {
  it('is this, and grows only on purpose', () => {
    expect(Object.keys(library).sort()).toEqual([
      'BatchedEmbedder',
      'Bedrock',
      'BedrockConverse',
      'BedrockEmbedder',
      'ChatEngine',
      'CitationParser',
      'CitationQueryEngine',
      'CitestreamError',
      'ExtractiveLLM',
      'InvalidInputError',
      'LanceDBStore',
      'LocalEmbedder',
      'NotImplementedError',
      'OpenAIEmbedder',
      'OpenAILLM',
      'QdrantStore',
      'SentenceSplitter',
      'SqliteHistoryStore',
      'VectorIndexRetriever',
      'createCitestream',
      'loadConfiguration',
      'resilientLLM',
      'runIngest',
    ]);
    expect(Object.keys(testing).sort()).toEqual([
      'FixedRetriever',
      'HashingEmbedder',
      'ScriptedLLM',
      'describeEmbedder',
      'describeHistoryStore',
      'describeLLM',
      'describeVectorStore',
      'startBedrockSimulator',
      'startQdrantSimulator',
    ]);
  });
});
