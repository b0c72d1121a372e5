import type { Chunk, HeadingPosition, PagePosition } from './document.ts';
import { chunkId } from './document-identity.ts';
import type { SentenceSplitter } from './sentence-splitter.ts';

/** A text with what is known of its places, and whose it is. */
export interface PlacedText {
  readonly documentId: string;
  readonly contentHash: string;
  readonly text: string;
  readonly pages: readonly PagePosition[];
  readonly headings: readonly HeadingPosition[];
}

/** Splits a document's text into chunks that know the heading they stand under and the page they begin on. */
export function chunkText(splitter: SentenceSplitter, placed: PlacedText): readonly Chunk[] {
  const { text } = placed;
  const pageAt = follow(placed.pages);
  const headingAt = follow(placed.headings);
  return splitter.split(text).map(({ start, end, tokens }, index) => {
    const chunk = {
      id: chunkId(placed.documentId, placed.contentHash, index),
      index,
      text: text.slice(start, end),
      start,
      end,
      tokens,
    };
    const page = pageAt(start)?.page;
    const heading = headingAt(start)?.path;
    return Object.assign(chunk, heading === undefined ? {} : { heading }, page === undefined ? {} : { page });
  });
}

/** Finds the last position at or before an offset; offsets have to ascend. */
function follow<Position extends { readonly start: number }>(positions: readonly Position[]) {
  let next = 0;
  return (offset: number): Position | undefined => {
    while ((positions[next]?.start ?? Infinity) <= offset) next += 1;
    return positions[next - 1];
  };
}
