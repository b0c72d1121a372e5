import { compileFilter } from './qdrant-conditions.ts';
import { valuesAt } from './qdrant-payload.ts';
import { type Distance, normalised, SparseIndex } from './qdrant-scores.ts';
import {
  comparePointIds,
  isObject,
  isSparse,
  listOf,
  type Payload,
  type Point,
  type PointId,
  QdrantRefusal,
  type Vector,
  wrongInput,
} from './qdrant-wire.ts';

export interface DenseConfig extends Payload {
  readonly size: number;
  readonly distance: Distance;
}

/** What a collection was created with; kept whole, so that it is told as it was given. */
export type CollectionConfig = Readonly<Record<string, unknown>>;

/** A change as the interface takes it, and as the log keeps it. */
export interface Change {
  readonly operation: 'upsert' | 'delete' | 'set_payload' | 'overwrite_payload' | 'delete_payload' | 'index';
  readonly body: Record<string, unknown>;
}

/** One collection in memory: its points, and what finds them. */
export class SimulatedCollection {
  readonly name: string;
  readonly config: CollectionConfig;
  readonly dense: ReadonlyMap<string, DenseConfig>;
  readonly sparse: ReadonlyMap<string, { readonly isIdf: boolean; readonly index: SparseIndex }>;
  readonly indexes = new Map<string, unknown>();
  readonly #points = new Map<PointId, Point>();
  /** For each indexed key that holds texts: who has which. */
  readonly #keywords = new Map<string, Map<unknown, Set<PointId>>>();
  #sorted: readonly PointId[] | undefined;
  #version = 0;

  constructor(name: string, config: CollectionConfig) {
    this.name = name;
    this.config = config;
    this.dense = readDense(config['vectors']);
    const sparse = isObject(config['sparse_vectors']) ? config['sparse_vectors'] : {};
    this.sparse = new Map(
      Object.entries(sparse).map(([key, value]) => {
        const isIdf = isObject(value) && value['modifier'] === 'idf';
        return [key, { isIdf, index: new SparseIndex() }];
      }),
    );
  }

  get size(): number {
    return this.#points.size;
  }

  get version(): number {
    return this.#version;
  }

  get(id: PointId): Point | undefined {
    return this.#points.get(id);
  }

  /** The points that pass a filter, by their ids. */
  matching(filter: unknown): readonly Point[] {
    const test = compileFilter(filter);
    const candidates = this.#candidates(filter);
    const ids = candidates === undefined ? this.#sortedIds() : [...candidates].toSorted(comparePointIds);
    return ids.flatMap((id) => {
      const point = this.#points.get(id);
      return point !== undefined && test(point) ? [point] : [];
    });
  }

  /** Makes a change; refuses it whole where a part is wrong. */
  apply({ operation, body }: Change): void {
    this.#version += 1;
    if (operation === 'upsert') {
      const points = readPoints(body).map((point) => this.#readPoint(point));
      for (const point of points) this.#put(point);
    } else if (operation === 'index') {
      this.#makeIndex(String(body['field_name']), body['field_schema']);
    } else if (operation === 'delete') {
      for (const point of this.#selected(body)) this.#remove(point.id);
    } else {
      for (const point of this.#selected(body))
        this.#put({ ...point, payload: changed(point.payload, operation, body) });
    }
  }

  #selected(body: Record<string, unknown>): readonly Point[] {
    const { points, filter } = body;
    if (Array.isArray(points))
      return (points as readonly PointId[]).flatMap((id) => this.#points.get(id) ?? []);
    if (isObject(filter)) return this.matching(filter);
    throw wrongInput('either points or a filter must be given');
  }

  #readPoint({ id, vector, payload }: Record<string, unknown>): Point {
    if (!isPointId(id)) {
      throw wrongInput(
        `value ${JSON.stringify(id)} is not a valid point ID, valid values are either an unsigned integer or a UUID`,
      );
    }
    const named: readonly (readonly [string, unknown])[] = isObject(vector)
      ? Object.entries(vector)
      : [['', vector]];
    const vectors = new Map(named.map(([name, value]) => [name, this.checkVector(name, value)]));
    return { id, payload: isObject(payload) ? payload : {}, vectors, version: this.#version };
  }

  /** A vector as it is stored; refuses one that does not fit the collection. */
  checkVector(name: string, vector: unknown): Vector {
    const dense = this.dense.get(name);
    if (dense !== undefined && Array.isArray(vector) && vector.every((value) => typeof value === 'number')) {
      if (vector.length !== dense.size) {
        throw wrongInput(`Vector dimension error: expected dim: ${dense.size}, got ${vector.length}`);
      }
      const numbers = vector.map(Math.fround);
      return dense.distance === 'Cosine' ? normalised(numbers) : numbers;
    }
    if (this.sparse.has(name) && isSparse(vector)) {
      if (
        vector.indices.length !== vector.values.length ||
        new Set(vector.indices).size !== vector.indices.length
      ) {
        throw wrongInput('Validation error: indices must be unique, and as many as values');
      }
      return { indices: vector.indices, values: vector.values.map(Math.fround) };
    }
    if (dense === undefined && !this.sparse.has(name)) {
      throw wrongInput(`Not existing vector name error: ${name}`);
    }
    throw wrongInput(`Conversion between sparse and regular vectors failed for ${name}`);
  }

  #put(point: Point): void {
    this.#remove(point.id, { isReplaced: true });
    this.#points.set(point.id, point);
    for (const [name, vector] of point.vectors)
      if (isSparse(vector)) this.sparse.get(name)?.index.add(point.id, vector);
    for (const [key, values] of this.#keywords) addKeyword(values, key, point);
  }

  #remove(id: PointId, { isReplaced = false } = {}): void {
    const point = this.#points.get(id);
    if (point === undefined || !isReplaced) this.#sorted = undefined;
    if (point === undefined) return;
    this.#points.delete(id);
    for (const [name, vector] of point.vectors)
      if (isSparse(vector)) this.sparse.get(name)?.index.remove(id, vector);
    for (const [key, values] of this.#keywords) {
      for (const value of valuesAt(point.payload, key)) values.get(value)?.delete(id);
    }
  }

  #makeIndex(key: string, schema: unknown): void {
    this.indexes.set(key, schema);
    const type = isObject(schema) ? schema['type'] : schema;
    if (type !== 'keyword' || this.#keywords.has(key)) return;
    const values = new Map<unknown, Set<PointId>>();
    for (const point of this.#points.values()) addKeyword(values, key, point);
    this.#keywords.set(key, values);
  }

  /** Those an indexed `must` leaves over; undefined where there is none. */
  #candidates(filter: unknown): ReadonlySet<PointId> | undefined {
    if (!isObject(filter)) return undefined;
    let fewest: ReadonlySet<PointId> | undefined;
    for (const condition of listOf(filter['must'])) {
      const found = this.#indexed(condition);
      if (found !== undefined && (fewest === undefined || found.size < fewest.size)) fewest = found;
    }
    return fewest;
  }

  #indexed(condition: unknown): ReadonlySet<PointId> | undefined {
    if (!isObject(condition) || !isObject(condition['match'])) return undefined;
    const values = this.#keywords.get(String(condition['key']));
    const { value, any } = condition['match'];
    if (values === undefined) return undefined;
    if (typeof value === 'string') return values.get(value) ?? new Set();
    if (!Array.isArray(any)) return undefined;
    return new Set(any.flatMap((each) => [...(values.get(each) ?? [])]));
  }

  #sortedIds(): readonly PointId[] {
    this.#sorted ??= [...this.#points.keys()].toSorted(comparePointIds);
    return this.#sorted;
  }
}

function addKeyword(values: Map<unknown, Set<PointId>>, key: string, point: Point): void {
  for (const value of valuesAt(point.payload, key)) {
    const ids = values.get(value) ?? new Set<PointId>();
    values.set(value, ids.add(point.id));
  }
}

function readDense(vectors: unknown): ReadonlyMap<string, DenseConfig> {
  if (!isObject(vectors)) return new Map();
  if (typeof vectors['size'] === 'number') return new Map([['', vectors as DenseConfig]]);
  return new Map(Object.entries(vectors).map(([name, config]) => [name, config as DenseConfig]));
}

function readPoints({ points, batch }: Record<string, unknown>): readonly Record<string, unknown>[] {
  if (Array.isArray(points)) return points.filter(isObject);
  if (!isObject(batch) || !Array.isArray(batch['ids'])) throw wrongInput('points or a batch must be given');
  const { ids, vectors, payloads } = batch;
  return ids.map((id: unknown, at) => ({
    id,
    payload: Array.isArray(payloads) ? (payloads[at] as unknown) : undefined,
    vector: Array.isArray(vectors)
      ? (vectors[at] as unknown)
      : Object.fromEntries(
          Object.entries(vectors as Record<string, unknown[]>).map(([name, values]) => [name, values[at]]),
        ),
  }));
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

function isPointId(id: unknown): id is PointId {
  return typeof id === 'number'
    ? Number.isSafeInteger(id) && id >= 0
    : typeof id === 'string' && UUID.test(id);
}

function changed(payload: Payload, operation: Change['operation'], body: Record<string, unknown>): Payload {
  if (operation === 'delete_payload') {
    const keys = listOf(body['keys']);
    return Object.fromEntries(Object.entries(payload).filter(([key]) => !keys.includes(key)));
  }
  const given = body['payload'];
  if (!isObject(given)) throw new QdrantRefusal(400, 'Format error in JSON body: missing field `payload`');
  return operation === 'overwrite_payload' ? given : { ...payload, ...given };
}
