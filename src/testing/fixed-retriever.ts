import type { ScoredChunk } from '../documents/document.ts';
import type { RetrieveOptions, Retriever } from '../retrieval/retriever.ts';

/** A Retriever that finds what it was given, in that order, and remembers what it was asked. */
export class FixedRetriever implements Retriever {
  readonly #chunks: readonly ScoredChunk[];
  readonly #calls: { readonly question: string; readonly options: RetrieveOptions }[] = [];

  constructor(chunks: readonly ScoredChunk[]) {
    this.#chunks = chunks;
  }

  /** The questions asked so far, oldest first. */
  get calls(): readonly { readonly question: string; readonly options: RetrieveOptions }[] {
    return this.#calls;
  }

  async retrieve(question: string, options: RetrieveOptions = {}): Promise<readonly ScoredChunk[]> {
    this.#calls.push({ question, options });
    options.signal?.throwIfAborted();
    return Promise.resolve(this.#chunks.slice(0, options.topK));
  }
}

/** A chunk for tests: give it a text, and what matters of the rest. */
export function fixedChunk(
  text: string,
  { score = 1, ...chunk }: Partial<ScoredChunk['chunk']> & { readonly score?: number } = {},
): ScoredChunk {
  const start = chunk.start ?? 0;
  return {
    score,
    chunk: {
      id: `chunk-${start}`,
      index: 0,
      text,
      start,
      end: start + text.length,
      tokens: Math.ceil(text.length / 4),
      documentId: 'document-1',
      title: 'A document',
      uri: 'a-document.md',
      metadata: {},
      ...chunk,
    },
  };
}
