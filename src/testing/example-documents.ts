import type { Chunk, Metadata } from '../documents/document.ts';
import type { DocumentChunks, VectorStore } from '../stores/vector-store.ts';

/** Makes an empty store of its own for each call: of words alone, or also of vectors of this dimension. */
export type MakeVectorStore = (options: { readonly dimension?: number }) => Promise<VectorStore>;

/** A document for tests: each text is a chunk, one after the other, all derived from the id. */
export function exampleDocument(
  id: string,
  texts: readonly string[],
  options: {
    readonly title?: string;
    readonly uri?: string;
    readonly metadata?: Metadata;
    readonly version?: string;
    readonly headings?: readonly string[];
    readonly pages?: readonly number[];
    readonly vectors?: readonly Float32Array[];
  } = {},
): DocumentChunks {
  const { title = `Title of ${id}`, version = 'v1', metadata = {}, headings, pages, vectors } = options;
  let start = 0;
  const chunks = texts.map((text, index): Chunk => {
    const chunk = {
      id: `${id}:${version}:${index}`,
      index,
      text,
      start,
      end: start + text.length,
      tokens: 7,
    };
    start += text.length + 2;
    const heading = headings?.[index];
    const page = pages?.[index];
    return {
      ...chunk,
      ...(heading === undefined ? {} : { heading }),
      ...(page === undefined ? {} : { page }),
    };
  });
  const document = {
    id,
    source: `/notes/${id}.md`,
    uri: options.uri ?? `${id}.md`,
    title,
    mediaType: 'text/markdown',
    bytes: start,
    contentHash: `${id}-${version}`,
    metadata,
  };
  return vectors === undefined ? { document, chunks } : { document, chunks, vectors };
}
