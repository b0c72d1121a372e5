import { describe, expect, it } from 'vitest';
import type { ScoredChunk } from '../documents/document.ts';
import type { RetrieveOptions, Retriever } from '../retrieval/retriever.ts';
import { evaluate, rankDocuments } from './evaluate.ts';

const chunk = (uri: string, index = 0): ScoredChunk => ({
  chunk: {
    id: `${uri}:${index}`,
    index,
    text: uri,
    start: 0,
    end: 1,
    tokens: 1,
    documentId: uri,
    title: '',
    uri,
    metadata: {},
  },
  score: 1,
});

const queries = [
  { id: '1', text: 'first', relevance: new Map([['a', 1]]) },
  {
    id: '2',
    text: 'second',
    relevance: new Map([
      ['b', 1],
      ['z', 1],
    ]),
  },
];

function answering(
  answers: Readonly<Record<string, readonly ScoredChunk[]>>,
): Retriever & { asked: RetrieveOptions[] } {
  const asked: RetrieveOptions[] = [];
  return {
    asked,
    retrieve: async (question, options = {}) => {
      asked.push(options);
      return answers[question] ?? [];
    },
  };
}

describe('evaluate', () => {
  it('measures the ranking of documents and tells its progress', async () => {
    const retriever = answering({
      first: [chunk('corpus.jsonl#a')],
      second: [chunk('corpus.jsonl#x', 0), chunk('corpus.jsonl#x', 1), chunk('corpus.jsonl#b')],
    });
    const progress: number[] = [];
    const result = await evaluate(retriever, queries, { onProgress: ({ done }) => progress.push(done) });
    expect(result).toMatchObject({ queries: 2, k: 10 });
    expect(result.mrr.mean).toBeCloseTo((1 + 1 / 2) / 2, 12);
    expect(result.recall.mean).toBeCloseTo((1 + 1 / 2) / 2, 12);
    const second = 1 / Math.log2(3) / (1 + 1 / Math.log2(3));
    expect(result.ndcg.mean).toBeCloseTo((1 + second) / 2, 12);
    expect(progress).toEqual([1, 2]);
    expect(retriever.asked.map(({ topK }) => topK)).toEqual([50, 50]);
  });

  it('counts a query that finds nothing as 0, rather than leave it out', async () => {
    const result = await evaluate(answering({ first: [chunk('corpus.jsonl#a')] }), queries);
    expect(result.queries).toBe(2);
    for (const figure of [result.ndcg, result.recall, result.mrr]) expect(figure.mean).toBe(0.5);
  });

  it('ends for a caller who left', async () => {
    const signal = AbortSignal.abort(new Error('left'));
    const retriever = answering({});
    await expect(evaluate(retriever, queries, { signal })).rejects.toThrow('left');
    expect(retriever.asked).toEqual([]);
  });
});

describe('rankDocuments', () => {
  it('places a document at its best chunk and knows a line by its id', () => {
    const chunks = [chunk('a/corpus.jsonl#7#x', 3), chunk('notes.md'), chunk('a/corpus.jsonl#7#x', 1)];
    expect(rankDocuments(chunks)).toEqual(['7#x', 'notes.md']);
  });
});
