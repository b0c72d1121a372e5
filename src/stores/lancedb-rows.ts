import type * as arrow from 'apache-arrow';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Chunk, DocumentRecord, StoredChunk } from '../documents/document.ts';
import { encodeFacts } from './metadata-facts.ts';
import { searchedText } from './searched-text.ts';
import type { DocumentChunks } from './vector-store.ts';
import { timeOfVersion } from './version-name.ts';

/** The arrow library, loaded by whoever opens a collection; it is too heavy to load before. */
export type Arrow = typeof arrow;

/** A chunk with all that its row says of its document. */
interface Row {
  readonly document: DocumentChunks['document'];
  readonly chunk: Chunk;
  /** How many chunks the document has. */
  readonly chunks: number;
  readonly facts: string;
  readonly version: string;
}

interface Column {
  readonly name: string;
  readonly type: 'text' | 'integer';
  readonly nullable?: boolean;
  readonly value: (row: Row) => string | number | null;
}

/**
 * Every row tells its document's facts too: so one commit switches a document, and a search reads one table.
 * What is only ever read stands together in one column, since each column of an answer costs a search as much as
 * finding a chunk does; the others are what is searched, filtered and ordered by.
 */
const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'text', value: ({ chunk }) => chunk.id },
  { name: 'document_id', type: 'text', value: ({ document }) => document.id },
  { name: 'chunk_index', type: 'integer', value: ({ chunk }) => chunk.index },
  { name: 'searched_text', type: 'text', value: ({ document, chunk }) => searchedText(document, chunk) },
  { name: 'title', type: 'text', value: ({ document }) => document.title },
  { name: 'uri', type: 'text', value: ({ document }) => document.uri },
  { name: 'media_type', type: 'text', value: ({ document }) => document.mediaType },
  { name: 'page', type: 'integer', nullable: true, value: ({ chunk }) => chunk.page ?? null },
  { name: 'facts', type: 'text', value: ({ facts }) => facts },
  { name: 'chunk', type: 'text', value: storedChunk },
  // A document's record is read from its first chunk's row.
  { name: 'document', type: 'text', nullable: true, value: storedDocument },
  { name: 'version', type: 'text', value: ({ version }) => version },
];

/** The columns a stored chunk is read from. */
export const CHUNK_COLUMNS: readonly string[] = ['chunk'];

/** The columns a document's record is read from, in the rows of chunk 0. */
export const DOCUMENT_COLUMNS: readonly string[] = ['document', 'version'];

/** How many rows are encoded before other work has its turn. */
const ROWS_PER_BATCH = 500;

/** The schema of a collection's table; `properties` are kept with it. */
export function rowSchema(
  { Field, FixedSizeList, Float32, Int32, Schema, Utf8 }: Arrow,
  dimension: number | undefined,
  properties: ReadonlyMap<string, string>,
): arrow.Schema {
  const types = { text: () => new Utf8(), integer: () => new Int32() };
  const fields: arrow.Field[] = COLUMNS.map(
    ({ name, type, nullable = false }) => new Field(name, types[type](), nullable),
  );
  if (dimension !== undefined) {
    const item = new Field('item', new Float32(), true);
    fields.push(new Field('vector', new FixedSizeList(dimension, item), true));
  }
  return new Schema(fields, new Map(properties));
}

/** Documents as rows of a collection, encoded a batch at a time so that nothing else waits long. */
export async function encodeRows(
  library: Arrow,
  schema: arrow.Schema,
  documents: readonly DocumentChunks[],
  version: string,
): Promise<arrow.Table> {
  const batches: arrow.RecordBatch[] = [];
  let rows: Row[] = [];
  let vectors: Float32Array[] = [];
  const flush = async () => {
    if (rows.length > 0) batches.push(encodeBatch(library, schema, rows, vectors));
    rows = [];
    vectors = [];
    await nextTurn();
  };
  for (const { document, chunks, vectors: documentVectors } of documents) {
    const shared = {
      document,
      version,
      chunks: chunks.length,
      facts: encodeFacts(document.metadata),
    };
    for (const [at, chunk] of chunks.entries()) {
      rows.push({ ...shared, chunk });
      const vector = documentVectors?.[at];
      if (vector !== undefined) vectors.push(vector);
      if (rows.length === ROWS_PER_BATCH) await flush();
    }
  }
  await flush();
  return new library.Table(schema, batches);
}

function encodeBatch(
  { Float32, makeData, RecordBatch, Struct, vectorFromArray }: Arrow,
  schema: arrow.Schema,
  rows: readonly Row[],
  vectors: readonly Float32Array[],
): arrow.RecordBatch {
  const children = schema.fields.map((field, at): arrow.Data => {
    const column = COLUMNS[at];
    if (column !== undefined) {
      const [data] = vectorFromArray(rows.map(column.value), field.type).data;
      if (data === undefined) throw new Error(`The column ${column.name} was encoded to nothing.`);
      return data;
    }
    const { listSize } = field.type as arrow.FixedSizeList;
    const values = new Float32Array(rows.length * listSize);
    for (const [row, vector] of vectors.entries()) values.set(vector, row * listSize);
    const child = makeData({ type: new Float32(), length: values.length, nullCount: 0, data: values });
    return makeData({ type: field.type as arrow.FixedSizeList, length: rows.length, nullCount: 0, child });
  });
  const data = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
  return new RecordBatch(schema, data);
}

/** Reads one value of a row by its column's name. */
export type ReadValue = (column: string) => unknown;

/** The rows of an answer, decoded one by one without making an object of each row first. */
export function decodeRows<T>(table: arrow.Table, decode: (read: ReadValue) => T): T[] {
  return table.batches.flatMap((batch) => {
    const columns = new Map(batch.schema.fields.map((field, at) => [field.name, batch.getChildAt(at)]));
    return Array.from({ length: batch.numRows }, (_, row) =>
      decode((column) => columns.get(column)?.get(row) as unknown),
    );
  });
}

function storedChunk({ document: { id, title, uri, metadata }, chunk }: Row): string {
  return JSON.stringify({ ...chunk, documentId: id, title, uri, metadata } satisfies StoredChunk);
}

function storedDocument({ document, chunk, chunks }: Row): string | null {
  if (chunk.index > 0) return null;
  return JSON.stringify({ ...document, chunks } satisfies Omit<DocumentRecord, 'ingestedAt'>);
}

/** A row read with CHUNK_COLUMNS. */
export function decodeChunk(read: ReadValue): StoredChunk {
  return JSON.parse(read('chunk') as string) as StoredChunk;
}

/** A row read with DOCUMENT_COLUMNS. */
export function decodeDocument(read: ReadValue): DocumentRecord {
  const document = JSON.parse(read('document') as string) as Omit<DocumentRecord, 'ingestedAt'>;
  return { ...document, ingestedAt: timeOfVersion(read('version') as string) };
}
