import type { Schemas } from '@qdrant/js-client-rest';
import type { QdrantCollection } from './qdrant-collection.ts';
import type { Call } from './qdrant-connection.ts';
import type { QdrantFilter } from './qdrant-filter.ts';
import { documentIdOf, documentPointId, type Payload, versionOf } from './qdrant-points.ts';

const PAGE = 1000;

export const readingCall = (signal: AbortSignal | undefined): Call => ({ what: 'Reading the store', signal });

/** All payloads that pass a filter, page after page; `fields` are those that are fetched. */
export async function scrollAll(
  { connection, name }: QdrantCollection,
  filter: QdrantFilter,
  { call, fields }: { readonly call: Call; readonly fields: readonly string[] | true },
): Promise<readonly Payload[]> {
  const payloads: Payload[] = [];
  let offset: Schemas['ExtendedPointId'] | undefined;
  do {
    const from = offset;
    const page = await connection.call(call, async (api, init) =>
      api.scrollPoints(
        {
          collection_name: name,
          filter,
          limit: PAGE,
          with_payload: fields === true ? true : [...fields],
          ...(from !== undefined && { offset: from }),
        },
        init,
      ),
    );
    for (const { payload } of page.points) payloads.push(payload ?? {});
    offset = (page.next_page_offset ?? undefined) as Schemas['ExtendedPointId'] | undefined;
  } while (offset !== undefined);
  return payloads;
}

/** The stored points of these documents. */
export async function readDocuments(
  { connection, name }: QdrantCollection,
  documentIds: readonly string[],
  { call, fields }: { readonly call: Call; readonly fields: readonly string[] | true },
): Promise<readonly Payload[]> {
  if (documentIds.length === 0) return [];
  const points = await connection.call(call, async (api, init) =>
    api.getPoints(
      {
        collection_name: name,
        ids: documentIds.map(documentPointId),
        with_payload: fields === true ? true : [...fields],
      },
      init,
    ),
  );
  return points.map(({ payload }) => payload ?? {});
}

/** Which version of each of these documents is the one to read. */
export async function readVersions(
  collection: QdrantCollection,
  documentIds: readonly string[],
  call: Call,
): Promise<ReadonlyMap<string, string>> {
  const payloads = await readDocuments(collection, documentIds, { call, fields: ['document_id', 'version'] });
  return new Map(payloads.map((payload) => [documentIdOf(payload), versionOf(payload)]));
}
