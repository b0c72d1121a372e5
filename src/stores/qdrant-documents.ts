import type { Schemas } from '@qdrant/js-client-rest';
import type { QdrantCollection } from './qdrant-collection.ts';
import { isLastPart, orderParts } from './qdrant-facts.ts';
import type { QdrantFilter } from './qdrant-filter.ts';
import { documentIdOf, ORDER_PARTS, type Payload } from './qdrant-points.ts';
import { readingCall, scrollAll } from './qdrant-reader.ts';

type Condition = NonNullable<Schemas['Condition']>;

/** A page of the list. */
interface Page {
  readonly after: string | undefined;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Documents by their ids, ascending. Qdrant orders by numbers alone, so an id is kept as up to four of them, and
 * those that share a number are ordered by the next. Ids that share all four (24 bytes) are fetched whole and sorted here.
 */
export async function listDocumentPoints(
  collection: QdrantCollection,
  page: Page,
): Promise<readonly Payload[]> {
  const found: Payload[] = [];
  const missing = () => page.limit - found.length;
  const after = page.after === undefined ? undefined : orderParts(page.after, ORDER_PARTS);
  if (after === undefined)
    return ordered(collection, { same: [], above: undefined, limit: page.limit }, page);
  if (after.length === ORDER_PARTS && !isLastPart(after.at(-1) ?? 0)) {
    const rest = await allOf(collection, after, page);
    found.push(...rest.filter((payload) => compareIds(documentIdOf(payload), page.after ?? '') > 0));
  }
  // From the longest beginning shared with the last id to the shortest: the order of a dictionary.
  for (let depth = after.length - 1; depth >= 0 && missing() > 0; depth -= 1) {
    const slice = { same: after.slice(0, depth), above: after[depth], limit: missing() };
    found.push(...(await ordered(collection, slice, page)));
  }
  return found.slice(0, page.limit);
}

/** The ids that begin with the numbers `same`, and whose next is more than `above`. */
interface Slice {
  readonly same: readonly number[];
  readonly above: number | undefined;
  readonly limit: number;
}

async function ordered(
  collection: QdrantCollection,
  { same, above, limit }: Slice,
  page: Page,
): Promise<readonly Payload[]> {
  const key = `order${same.length}`;
  const { connection, name } = collection;
  const filter: QdrantFilter = {
    must: [...documentsWith(same), ...(above === undefined ? [] : [{ key, range: { gt: above } }])],
  };
  const { points } = await connection.call(readingCall(page.signal), async (api, init) =>
    api.scrollPoints(
      { collection_name: name, filter, limit, order_by: { key, direction: 'asc' }, with_payload: true },
      init,
    ),
  );
  const found: Payload[] = [];
  const byPart = Map.groupBy(
    points.map(({ payload }) => payload ?? {}),
    (payload) => payload[key] as number,
  );
  const last = [...byPart.keys()].at(-1);
  for (const [part, payloads] of byPart) {
    // Those at the end that share a number may be more than were fetched.
    const isCut = part === last && points.length === limit;
    if (isLastPart(part) || (payloads.length === 1 && !isCut)) found.push(...payloads);
    else found.push(...(await sharing([...same, part], limit - found.length)));
  }
  return found.slice(0, limit);

  async function sharing(parts: readonly number[], limit: number): Promise<readonly Payload[]> {
    if (parts.length === ORDER_PARTS) return allOf(collection, parts, page);
    return ordered(collection, { same: parts, above: undefined, limit }, page);
  }
}

/** All documents whose ids begin with these numbers, sorted here. */
async function allOf(
  collection: QdrantCollection,
  parts: readonly number[],
  { signal }: Page,
): Promise<readonly Payload[]> {
  const call = readingCall(signal);
  const payloads = await scrollAll(collection, { must: documentsWith(parts) }, { call, fields: true });
  return payloads.toSorted((a, b) => compareIds(documentIdOf(a), documentIdOf(b)));
}

function documentsWith(parts: readonly number[]): Condition[] {
  return [
    { key: 'kind', match: { value: 'document' } },
    ...parts.map((value, at) => ({ key: `order${at}`, match: { value } })),
  ];
}

const compareIds = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
