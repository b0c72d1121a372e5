import type { Schemas } from '@qdrant/js-client-rest';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import type { Call, QdrantConnection, ServerVersion } from './qdrant-connection.ts';
import { isAlreadyThere, isMissing } from './qdrant-failure.ts';
import { DENSE, ORDER_PARTS, type Payload, pointId, TERMS } from './qdrant-points.ts';

/** How a collection is made where it is missing; one that is there keeps what it was made with. */
export interface QdrantCollectionOptions {
  /** Into how many parts it is divided. @default the server's own */
  readonly shards?: number | undefined;
  /** How many copies of each part there are. @default the server's own */
  readonly replicas?: number | undefined;
  /** How many copies must have a write before it counts. @default the server's own */
  readonly writeConsistency?: number | undefined;
  /** Keeps vectors on disk, where memory is short. @default false */
  readonly onDisk?: boolean | undefined;
  /** Keeps smaller copies of the dense vectors in memory to search in. @default 'none' */
  readonly quantization?: 'none' | 'scalar' | 'binary' | undefined;
}

/** What a collection is opened as. */
export interface OpenCollectionOptions extends QdrantCollectionOptions {
  readonly collection: string;
  readonly dimension: number | undefined;
  readonly embedderName: string | undefined;
  readonly readOnly: boolean;
}

/** An open collection. */
export interface QdrantCollection {
  readonly connection: QdrantConnection;
  readonly name: string;
  readonly version: ServerVersion;
}

/** Raised whenever points change so that older ones cannot be read, or words get other places. */
const SCHEMA_VERSION = 1;

const MANIFEST_ID = pointId('manifest');

interface Manifest {
  readonly schemaVersion: number;
  readonly embedder: string | null;
  readonly dimension: number | null;
}

const KEYWORD_INDEXES = ['kind', 'document_id', 'version', 'chunk_id', 'facts'] as const;

/**
 * Opens a collection, and makes it where it is missing; several may do so at once. Throws STORE_MISMATCH, with the
 * difference, where it was made otherwise than it is opened, and what reaching the server throws.
 */
export async function openQdrantCollection(
  connection: QdrantConnection,
  options: OpenCollectionOptions,
): Promise<QdrantCollection> {
  const { collection: name } = options;
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) {
    throw new InvalidInputError(
      `The collection ${JSON.stringify(name)} is no name: use up to 100 letters, digits, dots, - and _.`,
      { field: 'collection' },
    );
  }
  const version = await connection.checkVersion();
  const open: QdrantCollection = { connection, name, version };
  let info = await describe(open);
  if (info === undefined) {
    if (options.readOnly) {
      throw new CitestreamError('STORE_FAILED', `${place(open)} does not exist yet; ingest documents first.`);
    }
    await create(open, options);
    info = await describe(open);
  }
  if (info === undefined) {
    throw new CitestreamError('STORE_FAILED', `${place(open)} was deleted while it was opened. Try again.`);
  }
  checkSchema(info, options, place(open));
  if (!options.readOnly) await makeMissingIndexes(open, info);
  await checkManifest(open, options);
  return open;
}

const place = ({ connection, name }: QdrantCollection): string =>
  `The collection ${name} at ${connection.url}`;

const OPENING: Call = { what: 'Opening the store' };
const MAKING: Call = { what: 'Making the collection', isWrite: true };

/** Only 404 says that it is missing: a broken connection or a wrong key must not lead to making one. */
async function describe({
  connection,
  name,
}: QdrantCollection): Promise<Schemas['CollectionInfo'] | undefined> {
  return connection
    .call(OPENING, async (api, init) => {
      try {
        return await api.getCollection({ collection_name: name }, init);
      } catch (error) {
        if (isMissing(error)) return { data: { result: null } };
        throw error;
      }
    })
    .then((info) => info ?? undefined);
}

async function create({ connection, name }: QdrantCollection, options: OpenCollectionOptions): Promise<void> {
  const { dimension, onDisk = false, quantization = 'none' } = options;
  const dense =
    dimension === undefined
      ? {}
      : { [DENSE]: { size: dimension, distance: 'Cosine' as const, on_disk: onDisk } };
  await connection.call(MAKING, async (api, init) => {
    try {
      return await api.createCollection(
        {
          collection_name: name,
          vectors: dense,
          sparse_vectors: { [TERMS]: { modifier: 'idf', index: { on_disk: onDisk } } },
          on_disk_payload: true,
          ...(options.shards !== undefined && { shard_number: options.shards }),
          ...(options.replicas !== undefined && { replication_factor: options.replicas }),
          ...(options.writeConsistency !== undefined && {
            write_consistency_factor: options.writeConsistency,
          }),
          ...(quantization === 'scalar' && {
            quantization_config: { scalar: { type: 'int8', always_ram: true } },
          }),
          ...(quantization === 'binary' && { quantization_config: { binary: { always_ram: true } } }),
        },
        init,
      );
    } catch (error) {
      // Somebody else was faster; whether theirs fits is looked at next.
      if (isAlreadyThere(error)) return { data: { result: true } };
      throw error;
    }
  });
}

function checkSchema(
  info: Schemas['CollectionInfo'],
  { dimension }: OpenCollectionOptions,
  where: string,
): void {
  const { vectors = {}, sparse_vectors: sparse } = info.config.params;
  const differences: string[] = [];
  const named = vectors as Readonly<Record<string, Schemas['VectorParams'] | undefined>>;
  const dense = named[DENSE];
  if (typeof vectors['size'] === 'number') differences.push('its vectors have no name');
  else if (dimension === undefined) {
    if (dense !== undefined)
      differences.push(`it keeps vectors of ${dense.size} numbers, and is opened for words alone`);
  } else if (dense === undefined)
    differences.push(`it keeps no vectors called ${DENSE}, and is opened for those of ${dimension} numbers`);
  else {
    if (dense.size !== dimension)
      differences.push(`its vectors have ${dense.size} numbers, not ${dimension}`);
    if (dense.distance !== 'Cosine')
      differences.push(`it compares vectors by ${dense.distance}, not by Cosine`);
  }
  const terms = sparse?.[TERMS];
  if (terms === undefined) differences.push(`it keeps no sparse vectors called ${TERMS}`);
  else if (terms.modifier !== 'idf') differences.push(`its sparse vectors lack the modifier idf`);
  if (differences.length > 0) {
    throw new CitestreamError(
      'STORE_MISMATCH',
      `${where} does not fit: ${differences.join('; ')}. Use another collection or the embedder it was made with, or delete it and ingest again.`,
    );
  }
}

async function makeMissingIndexes({ connection, name }: QdrantCollection, info: Schemas['CollectionInfo']) {
  const wanted: readonly (readonly [string, Schemas['PayloadFieldSchema']])[] = [
    ...KEYWORD_INDEXES.map((key) => [key, 'keyword'] as const),
    ...Array.from({ length: ORDER_PARTS }, (_, at) => [`order${at}`, 'integer'] as const),
  ];
  const missing = wanted.filter(([key]) => !Object.hasOwn(info.payload_schema, key));
  await Promise.all(
    missing.map(async ([field_name, field_schema]) =>
      connection.call(MAKING, async (api, init) =>
        api.createFieldIndex({ collection_name: name, wait: true, field_name, field_schema }, init),
      ),
    ),
  );
}

/** The point that says who made the collection: written once, into an empty one. */
async function checkManifest(open: QdrantCollection, options: OpenCollectionOptions): Promise<void> {
  const expected: Manifest = {
    schemaVersion: SCHEMA_VERSION,
    embedder: options.embedderName ?? null,
    dimension: options.dimension ?? null,
  };
  let found = await readManifest(open);
  if (found === undefined) {
    const { connection, name } = open;
    const { count } = await connection.call(OPENING, async (api, init) =>
      api.countPoints({ collection_name: name, exact: true }, init),
    );
    // Another one may have written it in between.
    found = count === 0 ? undefined : await readManifest(open);
    if (found === undefined && count > 0) {
      throw new CitestreamError(
        'STORE_MISMATCH',
        `${place(open)} holds points that citestream did not make. Use another collection.`,
      );
    }
    if (found === undefined) {
      if (options.readOnly) return;
      await writeManifest(open, expected);
      found = await readManifest(open);
    }
  }
  if (found !== undefined) compareManifests(found, expected, place(open));
}

async function readManifest({ connection, name }: QdrantCollection): Promise<Manifest | undefined> {
  const [point] = await connection.call(OPENING, async (api, init) =>
    api.getPoints({ collection_name: name, ids: [MANIFEST_ID], with_payload: true }, init),
  );
  const payload = point?.payload as Payload | undefined;
  if (payload === undefined) return undefined;
  return {
    schemaVersion: payload['schema_version'] as number,
    embedder: (payload['embedder'] ?? null) as string | null,
    dimension: (payload['dimension'] ?? null) as number | null,
  };
}

async function writeManifest({ connection, name }: QdrantCollection, manifest: Manifest): Promise<void> {
  const payload = {
    kind: 'manifest',
    schema_version: manifest.schemaVersion,
    embedder: manifest.embedder,
    dimension: manifest.dimension,
  };
  await connection.call(MAKING, async (api, init) =>
    api.upsertPoints(
      { collection_name: name, wait: true, points: [{ id: MANIFEST_ID, vector: {}, payload }] },
      init,
    ),
  );
}

function compareManifests(found: Manifest, expected: Manifest, where: string): void {
  if (found.schemaVersion !== expected.schemaVersion) {
    throw new CitestreamError(
      'STORE_MISMATCH',
      `${where} has schema version ${found.schemaVersion}, this citestream reads version ${expected.schemaVersion}. Ingest into another collection, or delete this one and ingest again.`,
    );
  }
  if (found.embedder !== expected.embedder || found.dimension !== expected.dimension) {
    throw new CitestreamError(
      'STORE_MISMATCH',
      `${where} was made with ${described(found)}, and is opened with ${described(expected)}. Configure the embedder it was made with, use another collection, or delete this one and ingest again.`,
    );
  }
}

function described({ embedder, dimension }: Manifest): string {
  if (dimension === null) return 'no embedder (words alone)';
  return `the embedder ${embedder ?? 'without a name'} (${dimension} dimensions)`;
}
