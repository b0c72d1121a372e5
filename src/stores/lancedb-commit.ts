import type { Collection } from './lancedb-collection.ts';
import { literal } from './lancedb-filter-subject.ts';
import { decodeRows, encodeRows } from './lancedb-rows.ts';
import { onConflictAgain } from './on-conflict-again.ts';
import type { DocumentChunks } from './vector-store.ts';
import { newVersion } from './version-name.ts';

/** The rows of any of these documents, as SQL. */
export const anyDocument = (ids: readonly string[]): string =>
  `document_id IN (${ids.map(literal).join(', ')})`;

/** Switches documents to their new versions in one commit: a reader sees all as they were, or all as they are now. */
export async function commitDocuments(
  { table, arrow }: Collection,
  group: readonly DocumentChunks[],
  signal: AbortSignal,
): Promise<void> {
  const rows = await encodeRows(arrow, await table.schema(), group, newVersion());
  const these = anyDocument(group.map(({ document }) => document.id));
  await onConflictAgain(async () => {
    // What another process committed a moment ago counts, however seldom this one looks for it.
    await table.checkoutLatest();
    // New documents are appended, which costs the same however much is stored.
    if ((await table.countRows(these)) === 0) await table.add(rows);
    else {
      await table
        // No stored row has this version: all that was there goes, also what has the same ids.
        .mergeInsert(['id', 'version'])
        .whenNotMatchedInsertAll()
        .whenNotMatchedBySourceDelete({ where: these })
        .execute(rows);
    }
  }, signal);
  // What is committed has to be made one, so the caller who leaves now is not heeded.
  await onConflictAgain(async () => keepNewest(table, these));
}

/**
 * Two processes that store the same document at the same moment do not conflict in LanceDB's eyes, and leave
 * both versions. Each looks after its commit, so the one that commits last sees both; the newest stays.
 */
async function keepNewest(table: Collection['table'], these: string): Promise<void> {
  const query = table.query().where(`${these} AND chunk_index = 0`).select(['document_id', 'version']);
  const stored = decodeRows(await query.toArrow(), (read) => ({
    documentId: read('document_id') as string,
    version: read('version') as string,
  }));
  const newest = new Map<string, string>();
  const outdated = new Set<string>();
  for (const { documentId, version } of stored) {
    const other = newest.get(documentId);
    if (other !== undefined) outdated.add(documentId);
    if (other === undefined || other < version) newest.set(documentId, version);
  }
  for (const documentId of outdated) {
    await table.delete(`${anyDocument([documentId])} AND version < ${literal(newest.get(documentId) ?? '')}`);
  }
}
