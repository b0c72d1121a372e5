import { type Change, type SimulatedCollection } from './qdrant-collection.ts';
import { selectPayload } from './qdrant-payload.ts';
import { numberOr, orderBy, runQuery } from './qdrant-query.ts';
import type { SimulatedStorage } from './qdrant-storage.ts';
import {
  comparePointIds,
  isObject,
  listOf,
  objectsOf,
  type Point,
  type PointId,
  type ScoredPoint,
  textOr,
  type Vector,
  wrongInput,
} from './qdrant-wire.ts';

type Body = Record<string, unknown>;

/** A request on a collection, taken apart. */
export interface OperationInput {
  readonly storage: SimulatedStorage;
  readonly collection: string;
  readonly body: Body;
}

type Operation = (input: OperationInput) => unknown;

/** What can be asked of a collection, by method and path; each gives the answer's `result`. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  GET: ({ storage, collection }) => describeCollection(storage.get(collection)),
  PUT: ({ storage, collection, body }) => (storage.create(collection, body), true),
  DELETE: ({ storage, collection }) => storage.delete(collection),
  'GET exists': ({ storage, collection }) => ({ exists: storage.has(collection) }),
  'PUT index': (input) => change(input, 'index', { field_schema: 'keyword', ...input.body }),
  'PUT points': (input) => change(input, 'upsert', input.body),
  'POST points': ({ storage, collection, body }) => retrieve(storage.get(collection), body),
  'POST points/delete': (input) => change(input, 'delete', input.body),
  'POST points/payload': (input) => change(input, 'set_payload', input.body),
  'PUT points/payload': (input) => change(input, 'overwrite_payload', input.body),
  'POST points/payload/delete': (input) => change(input, 'delete_payload', input.body),
  'POST points/batch': batch,
  'POST points/scroll': ({ storage, collection, body }) => scroll(storage.get(collection), body),
  'POST points/count': ({ storage, collection, body }) => ({
    count: storage.get(collection).matching(body['filter']).length,
  }),
  'POST points/query': ({ storage, collection, body }) => query(storage.get(collection), body),
  'POST points/query/batch': ({ storage, collection, body }) =>
    objectsOf(body['searches']).map((search) => query(storage.get(collection), search)),
  'POST points/query/groups': ({ storage, collection, body }) => groups(storage.get(collection), body),
};

function change({ storage, collection }: OperationInput, operation: Change['operation'], body: Body) {
  storage.apply(collection, { operation, body });
  return { operation_id: storage.get(collection).version, status: 'completed' };
}

const BATCHED = ['upsert', 'delete', 'set_payload', 'overwrite_payload', 'delete_payload'] as const;

function batch(input: OperationInput): unknown {
  return objectsOf(input.body['operations']).map((operation) => {
    const name = BATCHED.find((each) => each in operation);
    if (name === undefined) throw wrongInput(`unknown operation ${Object.keys(operation).join(', ')}`);
    return change(input, name, operation[name] as Body);
  });
}

function describeCollection(collection: SimulatedCollection): unknown {
  const {
    vectors = {},
    sparse_vectors,
    quantization_config = null,
    metadata,
    shard_number,
    replication_factor,
    write_consistency_factor,
    on_disk_payload,
  } = collection.config;
  const params = {
    vectors,
    ...(sparse_vectors !== undefined && { sparse_vectors }),
    shard_number: shard_number ?? 1,
    replication_factor: replication_factor ?? 1,
    write_consistency_factor: write_consistency_factor ?? 1,
    on_disk_payload: on_disk_payload ?? true,
  };
  return {
    status: 'green',
    optimizer_status: 'ok',
    indexed_vectors_count: collection.size,
    points_count: collection.size,
    segments_count: 1,
    config: {
      params,
      hnsw_config: { m: 16, ef_construct: 100, full_scan_threshold: 10_000 },
      optimizer_config: { default_segment_number: 0, flush_interval_sec: 5 },
      quantization_config,
      ...(metadata !== undefined && { metadata }),
    },
    payload_schema: Object.fromEntries(
      [...collection.indexes].map(([key, schema]) => [
        key,
        {
          data_type: isObject(schema) ? schema['type'] : schema,
          points: collection.size,
          ...(isObject(schema) && { params: schema }),
        },
      ]),
    ),
  };
}

function retrieve(collection: SimulatedCollection, body: Body): unknown {
  const ids = (listOf(body['ids']) as readonly PointId[]).map((id) =>
    typeof id === 'string' ? id.toLowerCase() : id,
  );
  return [...new Set(ids)].flatMap((id) => {
    const point = collection.get(id);
    return point === undefined ? [] : [record(point, { with_payload: true, ...body })];
  });
}

function scroll(collection: SimulatedCollection, body: Body): unknown {
  const limit = numberOr(body['limit'], 10);
  const { filter, offset, order_by: order } = body;
  if (order !== undefined && order !== null) {
    if (offset !== undefined && offset !== null) throw wrongInput('order_by and offset do not go together');
    const points = orderBy(collection, order, collection.matching(filter)).slice(0, limit);
    return {
      points: points.map(({ point, orderValue }) => ({
        ...record(point, { with_payload: true, ...body }),
        order_value: orderValue,
      })),
      next_page_offset: null,
    };
  }
  const from = offset as PointId | null | undefined;
  const all = collection.matching(filter);
  const start =
    from === null || from === undefined ? 0 : all.findIndex(({ id }) => comparePointIds(id, from) >= 0);
  const rest = start === -1 ? [] : all.slice(start, start + limit + 1);
  return {
    points: rest.slice(0, limit).map((point) => record(point, { with_payload: true, ...body })),
    next_page_offset: rest[limit]?.id ?? null,
  };
}

function query(collection: SimulatedCollection, body: Body): { readonly points: readonly unknown[] } {
  return { points: runQuery(collection, body).map((found) => scored(found, body)) };
}

function groups(collection: SimulatedCollection, body: Body): unknown {
  const limit = numberOr(body['limit'], 3);
  const size = numberOr(body['group_size'], 3);
  const found = runQuery(collection, { ...body, limit: Math.max(collection.size, 1) });
  const byKey = new Map<unknown, ScoredPoint[]>();
  for (const each of found) {
    for (const key of listOf(each.point.payload[textOr(body['group_by'], '')])) {
      byKey.set(key, [...(byKey.get(key) ?? []), each]);
    }
  }
  return {
    groups: [...byKey].slice(0, limit).map(([id, hits]) => ({
      id,
      hits: hits.slice(0, size).map((hit) => scored(hit, { with_payload: true, ...body })),
    })),
  };
}

function scored({ point, score, orderValue }: ScoredPoint, body: Body): object {
  return {
    ...record(point, body),
    version: point.version,
    score,
    ...(orderValue !== undefined && { order_value: orderValue }),
  };
}

function record(point: Point, { with_payload: payload, with_vector: vector }: Body): object {
  const selected = selectPayload(point.payload, payload);
  const names = Array.isArray(vector) ? vector : vector === true ? [...point.vectors.keys()] : [];
  const vectors = names.flatMap((name): (readonly [string, Vector])[] => {
    const value = point.vectors.get(String(name));
    return value === undefined ? [] : [[String(name), value]];
  });
  const [first] = vectors;
  return {
    id: point.id,
    ...(selected !== undefined && { payload: selected }),
    ...(first !== undefined && { vector: first[0] === '' ? first[1] : Object.fromEntries(vectors) }),
  };
}
