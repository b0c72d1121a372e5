import type * as lancedb from '@lancedb/lancedb';
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { unusableFolder } from '../config/folder-failure.ts';
import { makeFolder } from '../config/make-folder.ts';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { isNotFound, missingCollection } from './lancedb-failure.ts';
import { makeMissingIndexes } from './lancedb-indexes.ts';
import { type Arrow, rowSchema } from './lancedb-rows.ts';
import { onConflictAgain } from './on-conflict-again.ts';

/** The lancedb library, loaded when the first collection is opened. */
export type LanceDB = typeof lancedb;

/** Raised whenever the rows change so that older ones cannot be read. */
const SCHEMA_VERSION = 2;

/** What LanceDB reads from the environment when it is loaded; what a user has set there stays. */
const LANCEDB_ENVIRONMENT = {
  // Its warnings are about conflicts that are solved here; only its errors are news to a user.
  LANCEDB_LOG: 'error',
  // How far it reads ahead when it joins files: as it comes, a third more memory at the peak for no time saved.
  LANCE_DEFAULT_BATCH_SIZE: '512',
  LANCE_DEFAULT_IO_BUFFER_SIZE: String(32 * 1024 ** 2),
  LANCE_DEFAULT_FRAGMENT_READAHEAD: '1',
};

/** Where in the table's own metadata it says who made it; written in the commit that makes the table. */
const MANIFEST_KEY = 'citestream';

/** Who made a collection. */
interface Manifest {
  readonly schemaVersion: number;
  /** `null` for a collection of words alone. */
  readonly embedder: string | null;
  readonly dimension: number | null;
}

/** What a collection is opened as. */
export interface CollectionOptions {
  readonly directory: string;
  readonly collection: string;
  readonly dimension: number | undefined;
  readonly embedderName: string | undefined;
  readonly readOnly: boolean;
  /** After how many milliseconds a commit of another process is looked for. */
  readonly refreshMs: number;
}

/** An open collection and the libraries it is read and written with. */
export interface Collection {
  readonly lancedb: LanceDB;
  readonly arrow: Arrow;
  readonly connection: lancedb.Connection;
  readonly table: lancedb.Table;
}

/**
 * Opens a collection, and makes it where it is missing; several processes may do so at once. Throws DATA_FOLDER
 * where the folder cannot be used, STORE_MISMATCH where the collection was made otherwise than it is opened.
 */
export async function openCollection(options: CollectionOptions): Promise<Collection> {
  const directory = resolve(options.directory);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(options.collection)) {
    throw new InvalidInputError(
      `The collection ${JSON.stringify(options.collection)} is no name: use up to 100 letters, digits, - and _.`,
      { field: 'collection' },
    );
  }
  await prepareFolder(directory, options.readOnly);
  for (const [name, value] of Object.entries(LANCEDB_ENVIRONMENT)) process.env[name] ??= value;
  const lancedb = await import('@lancedb/lancedb');
  // The very copy LanceDB uses: an `import` would load a second one, whose types the first does not know.
  const arrow = createRequire(import.meta.url)('apache-arrow') as Arrow;
  const expected: Manifest = {
    schemaVersion: SCHEMA_VERSION,
    embedder: options.embedderName ?? null,
    dimension: options.dimension ?? null,
  };
  const connection = await lancedb.connect(directory, { readConsistencyInterval: options.refreshMs / 1000 });
  try {
    // Several may make it at the same moment; who comes second opens it.
    const table = await onConflictAgain(async () => openTable(connection, arrow, options, expected));
    checkManifest(await table.schema(), expected, `${join(directory, options.collection)}.lance`);
    if (!options.readOnly) await makeMissingIndexes(lancedb, table);
    return { lancedb, arrow, connection, table };
  } catch (error) {
    connection.close();
    if (error instanceof CitestreamError) throw error;
    throw isNotFound(error) ? missingCollection(directory, error) : unusableFolder(directory, error);
  }
}

async function prepareFolder(directory: string, readOnly: boolean): Promise<void> {
  if (readOnly && !existsSync(directory)) throw missingCollection(directory, undefined);
  try {
    if (!readOnly) makeFolder(directory);
    await access(join(directory, '.'), readOnly ? constants.R_OK : constants.R_OK | constants.W_OK);
  } catch (error) {
    throw unusableFolder(directory, error);
  }
}

async function openTable(
  connection: lancedb.Connection,
  arrow: Arrow,
  options: CollectionOptions,
  expected: Manifest,
): Promise<lancedb.Table> {
  try {
    return await connection.openTable(options.collection);
  } catch (error) {
    if (options.readOnly || !isNotFound(error)) throw error;
  }
  const properties = new Map([[MANIFEST_KEY, JSON.stringify(expected)]]);
  const schema = rowSchema(arrow, options.dimension, properties);
  // Another process may have made it in between.
  return connection.createEmptyTable(options.collection, schema, { mode: 'create', existOk: true });
}

function checkManifest(
  schema: { readonly metadata: ReadonlyMap<string, string> },
  expected: Manifest,
  path: string,
): void {
  const stored = schema.metadata.get(MANIFEST_KEY);
  if (stored === undefined) {
    throw new CitestreamError(
      'STORE_MISMATCH',
      `${path} is a LanceDB table that citestream did not make. Use another data folder or collection.`,
    );
  }
  const found = JSON.parse(stored) as Manifest;
  if (found.schemaVersion !== expected.schemaVersion) {
    throw new CitestreamError(
      'STORE_MISMATCH',
      `${path} has schema version ${found.schemaVersion}, this citestream reads version ${expected.schemaVersion}. Ingest into another data folder, or delete this one and ingest again.`,
    );
  }
  if (found.embedder !== expected.embedder || found.dimension !== expected.dimension) {
    throw new CitestreamError(
      'STORE_MISMATCH',
      `${path} was made with ${described(found)}, and is opened with ${described(expected)}. Configure the embedder it was made with, use another data folder, or delete this one and ingest again.`,
    );
  }
}

function described({ embedder, dimension }: Manifest): string {
  if (dimension === null) return 'no embedder (words alone)';
  return `the embedder ${embedder ?? 'without a name'} (${dimension} dimensions)`;
}
