import type { ScoredChunk } from '../documents/document.ts';
import type { Source } from './citation.ts';

/** How long a source may be, in tokens. */
export interface SourceSizes {
  readonly chunkSize: number;
  readonly chunkOverlap: number;
}

interface Piece {
  readonly start: number;
  readonly end: number;
}

/**
 * Numbers what was retrieved, from 1 over all pieces: a chunk of at most `chunkSize` tokens is one source, a longer one
 * several, each with its own offsets into the document. A piece without text takes no number.
 */
export async function numberSources(
  chunks: readonly ScoredChunk[],
  { chunkSize, chunkOverlap }: SourceSizes,
): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for (const { chunk, score } of chunks) {
    const isShort = chunk.tokens <= chunkSize;
    const pieces = isShort
      ? [{ start: 0, end: chunk.text.length }]
      : await split(chunk.text, { chunkSize, chunkOverlap });
    for (const { start, end } of pieces) {
      const text = chunk.text.slice(start, end);
      if (text.trim() !== '') {
        sources.push({
          id: sources.length + 1,
          chunkId: chunk.id,
          documentId: chunk.documentId,
          title: chunk.title,
          uri: chunk.uri,
          ...(chunk.page === undefined ? {} : { page: chunk.page }),
          ...(chunk.heading === undefined ? {} : { heading: chunk.heading }),
          start: chunk.start + start,
          end: chunk.start + end,
          score,
          text,
        });
      }
    }
  }
  return sources;
}

async function split(text: string, sizes: SourceSizes): Promise<readonly Piece[]> {
  // The tokenizer takes long to load, and chunks are seldom longer than sources.
  const { SentenceSplitter } = await import('../documents/sentence-splitter.ts');
  return new SentenceSplitter(sizes).split(text);
}
