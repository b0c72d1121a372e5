import type { Schemas } from '@qdrant/js-client-rest';
import { createHash } from 'node:crypto';
import { documentTerms } from '../embeddings/bm25-terms.ts';
import type { Chunk, DocumentRecord, Metadata, StoredChunk } from '../documents/document.ts';
import { type FilterFacts, filterFacts, orderParts } from './qdrant-facts.ts';
import { searchedText } from './searched-text.ts';
import type { DocumentChunks } from './vector-store.ts';
import { timeOfVersion } from './version-name.ts';

export type Point = Schemas['PointStruct'];
/** A payload as it comes back. */
export type Payload = Readonly<Record<string, unknown>>;

/** The names of a point's vectors. */
export const DENSE = 'dense';
export const TERMS = 'terms';

/** How many numbers of a document's id its order is kept by: 24 bytes, which the ids of this product have. */
export const ORDER_PARTS = 4;

const NAMESPACE = Buffer.from('6f0d4d0c4c5b5c8e9a3e5d1b7a1c2e90', 'hex');

/** A UUID of version 5: the same names give the same id, so that writing a point again changes nothing. */
export function pointId(...names: readonly (string | number)[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(JSON.stringify(names)).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export const documentPointId = (documentId: string): string => pointId('document', documentId);

/** What chunks of one document share; made before anything is written, since it refuses what cannot be stored. */
export interface DocumentFacts {
  readonly metadata: string;
  readonly withPage: (page: number | undefined) => FilterFacts;
}

export function documentFacts({ document }: DocumentChunks): DocumentFacts {
  const { id, uri, title, mediaType, metadata } = document;
  // The document's own facts hide metadata of the same name; without a page, so does its absence.
  const { page: _hidden, ...visible } = metadata;
  const all: Metadata = { ...visible, document_id: id, uri, title, media_type: mediaType };
  const withoutPage = filterFacts(all);
  // What hides is stored all the same, so it has to be storable.
  filterFacts(metadata);
  return {
    metadata: JSON.stringify(metadata),
    withPage: (page) => (page === undefined ? withoutPage : filterFacts({ ...all, page })),
  };
}

/** The point that says which version of a document is the one to read: writing it is the switch. */
export function documentPoint({ document, chunks }: DocumentChunks, version: string): Point {
  const parts = orderParts(document.id, ORDER_PARTS).map((part, at) => [`order${at}`, part] as const);
  return {
    id: documentPointId(document.id),
    vector: {},
    payload: {
      kind: 'document',
      document_id: document.id,
      version,
      chunks: chunks.length,
      source: document.source.toWellFormed(),
      uri: document.uri.toWellFormed(),
      title: document.title.toWellFormed(),
      media_type: document.mediaType,
      bytes: document.bytes,
      content_hash: document.contentHash,
      metadata: JSON.stringify(document.metadata),
      ...Object.fromEntries(parts),
    },
  };
}

/** A chunk as a point: its text, its vectors, and what it is found and filtered by. */
export function chunkPoint(
  { document, vectors }: DocumentChunks,
  chunk: Chunk,
  { version, facts }: { readonly version: string; readonly facts: DocumentFacts },
): Point {
  const terms = documentTerms(searchedText(document, chunk));
  const vector = vectors?.[chunk.index];
  return {
    id: pointId('chunk', version, document.id, chunk.index),
    vector: {
      // A vector without any word is left away: it would be found by none.
      ...(terms.indices.length > 0 && {
        [TERMS]: { indices: [...terms.indices], values: [...terms.values] },
      }),
      ...(vector !== undefined && { [DENSE]: [...vector] }),
    },
    payload: {
      kind: 'chunk',
      chunk_id: chunk.id,
      document_id: document.id,
      version,
      index: chunk.index,
      text: chunk.text.toWellFormed(),
      start: chunk.start,
      end: chunk.end,
      tokens: chunk.tokens,
      ...(chunk.heading !== undefined && { heading: chunk.heading.toWellFormed() }),
      ...(chunk.page !== undefined && { page: chunk.page }),
      title: document.title.toWellFormed(),
      uri: document.uri.toWellFormed(),
      metadata: facts.metadata,
      ...facts.withPage(chunk.page),
    },
  };
}

/** The parts of a chunk's payload that reading it needs. */
export const CHUNK_FIELDS = [
  'chunk_id',
  'document_id',
  'version',
  'index',
  'text',
  'start',
  'end',
  'tokens',
  'heading',
  'page',
  'title',
  'uri',
  'metadata',
];

export function decodeChunk(payload: Payload): StoredChunk {
  const { heading, page } = payload;
  return {
    id: payload['chunk_id'] as string,
    index: payload['index'] as number,
    text: payload['text'] as string,
    start: payload['start'] as number,
    end: payload['end'] as number,
    tokens: payload['tokens'] as number,
    ...(heading === undefined ? {} : { heading: heading as string }),
    ...(page === undefined ? {} : { page: page as number }),
    documentId: payload['document_id'] as string,
    title: payload['title'] as string,
    uri: payload['uri'] as string,
    metadata: JSON.parse(payload['metadata'] as string) as Metadata,
  };
}

export function decodeDocument(payload: Payload): DocumentRecord {
  return {
    id: payload['document_id'] as string,
    source: payload['source'] as string,
    uri: payload['uri'] as string,
    title: payload['title'] as string,
    mediaType: payload['media_type'] as string,
    bytes: payload['bytes'] as number,
    contentHash: payload['content_hash'] as string,
    metadata: JSON.parse(payload['metadata'] as string) as Metadata,
    chunks: payload['chunks'] as number,
    ingestedAt: timeOfVersion(payload['version'] as string),
  };
}

export const versionOf = (payload: Payload): string => payload['version'] as string;
export const documentIdOf = (payload: Payload): string => payload['document_id'] as string;
