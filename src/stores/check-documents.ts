import { InvalidInputError } from '../errors.ts';
import type { DocumentChunks } from './vector-store.ts';

const MAX_ID_LENGTH = 1000;
const MAX_METADATA_CHARACTERS = 64 * 1024;

/** Refuses documents no store can keep, before anything of them is written; names the document and the fault. */
export function checkDocuments(documents: readonly DocumentChunks[], dimension: number | undefined): void {
  const documentIds = new Set<string>();
  const chunkIds = new Set<string>();
  for (const entry of documents) {
    const { document, chunks } = entry;
    const refuse = (why: string) =>
      new InvalidInputError(`The document ${JSON.stringify(document.uri)} cannot be stored: ${why}.`, {
        field: document.uri,
      });
    if (!isId(document.id)) throw refuse(`its id is not a text of 1 to ${MAX_ID_LENGTH} characters`);
    if (documentIds.has(document.id)) throw refuse('it is there twice in one call');
    documentIds.add(document.id);
    if (chunks.length === 0) throw refuse('it has no chunks; delete it instead');
    if (JSON.stringify(document.metadata).length > MAX_METADATA_CHARACTERS) {
      throw refuse(`its metadata is longer than ${MAX_METADATA_CHARACTERS} characters`);
    }
    for (const [at, chunk] of chunks.entries()) {
      if (!isId(chunk.id) || chunkIds.has(chunk.id)) throw refuse(`chunk ${at} has no id of its own`);
      chunkIds.add(chunk.id);
      if (chunk.index !== at) throw refuse(`chunk ${at} says it is chunk ${chunk.index}`);
    }
    const fault = vectorFault(entry, dimension);
    if (fault !== undefined) throw refuse(fault);
  }
}

/** True for what can be the id of a document or chunk. */
export function isId(id: unknown): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH;
}

function vectorFault({ chunks, vectors }: DocumentChunks, dimension: number | undefined): string | undefined {
  if (dimension === undefined) {
    return vectors === undefined ? undefined : 'it has vectors, and the store keeps none';
  }
  if (vectors?.length !== chunks.length) {
    return `it has ${vectors?.length ?? 0} vectors for ${chunks.length} chunks`;
  }
  const wrong = vectors.findIndex((vector) => !isVector(vector, dimension));
  if (wrong === -1) return undefined;
  return `vector ${wrong} is not of ${dimension} finite numbers`;
}

/** True for finite numbers, as many as the store's vectors have. */
export function isVector(vector: Float32Array, dimension: number): boolean {
  return vector.length === dimension && vector.every(Number.isFinite);
}
