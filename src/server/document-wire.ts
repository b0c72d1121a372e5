import { z } from 'zod';

import type { DocumentRecord, StoredChunk } from '../documents/document.ts';
import { apiSchemas, count, timestamp } from './api-schemas.ts';

const metadataSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.array(z.number())]),
);

/** A document, as it is listed. */
export const documentSchema = z
  .object({
    id: z.string(),
    uri: z.string(),
    title: z.string(),
    media_type: z.string(),
    bytes: count(),
    metadata: metadataSchema,
    chunk_count: count(),
    ingested_at: timestamp(),
  })
  .register(apiSchemas, { id: 'Document' });

/** A whole passage. */
export const chunkSchema = z
  .object({
    id: z.string(),
    document_id: z.string(),
    title: z.string(),
    uri: z.string(),
    index: count().describe('Its place among the chunks of its document, from 0.'),
    text: z.string(),
    start: count().describe("Offset into the document's text, in UTF-16 units."),
    end: count(),
    tokens: count(),
    page: z.int().min(1).optional(),
    heading: z.string().optional(),
    metadata: metadataSchema,
  })
  .register(apiSchemas, { id: 'Chunk' });

/** A document as it goes over the wire: without `source`, which is a path on this machine. */
export function documentData(document: DocumentRecord): z.output<typeof documentSchema> {
  const { id, uri, title, mediaType, bytes, metadata, chunks, ingestedAt } = document;
  return {
    id,
    uri,
    title,
    media_type: mediaType,
    bytes,
    metadata: { ...metadata } as z.output<typeof metadataSchema>,
    chunk_count: chunks,
    ingested_at: ingestedAt,
  };
}

/** A passage as it goes over the wire. */
export function chunkData(chunk: StoredChunk): z.output<typeof chunkSchema> {
  const { id, documentId, title, uri, index, text, start, end, tokens, page, heading, metadata } = chunk;
  return {
    id,
    document_id: documentId,
    title,
    uri,
    index,
    text,
    start,
    end,
    tokens,
    ...(page !== undefined && { page }),
    ...(heading !== undefined && { heading }),
    metadata: { ...metadata } as z.output<typeof metadataSchema>,
  };
}
