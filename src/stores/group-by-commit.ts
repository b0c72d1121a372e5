import type { DocumentChunks } from './vector-store.ts';

const MAX_COMMIT_CHUNKS = 2000;
const MAX_COMMIT_BYTES = 8 * 1024 * 1024;

/** Documents in groups to commit one by one: whole documents, and no more than 2,000 chunks or 8 MB but for a single larger one. */
export function* groupByCommit(documents: readonly DocumentChunks[]): Generator<readonly DocumentChunks[]> {
  let group: DocumentChunks[] = [];
  let chunks = 0;
  let bytes = 0;
  for (const entry of documents) {
    const size = entry.chunks.reduce((sum, chunk) => sum + chunk.text.length, 0);
    const more = size + (entry.vectors?.reduce((sum, vector) => sum + vector.byteLength, 0) ?? 0);
    const full = chunks + entry.chunks.length > MAX_COMMIT_CHUNKS || bytes + more > MAX_COMMIT_BYTES;
    if (full && group.length > 0) {
      yield group;
      [group, chunks, bytes] = [[], 0, 0];
    }
    group.push(entry);
    chunks += entry.chunks.length;
    bytes += more;
  }
  if (group.length > 0) yield group;
}
