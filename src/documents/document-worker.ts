import { CitestreamError } from '../errors.ts';
import { forgetCountedWords } from './count-tokens.ts';
import type { Chunk } from './document.ts';
import {
  type DocumentIdentity,
  type DocumentSettings,
  type FileReference,
  identifyFile,
  readFile,
  type ReadDocument,
} from './read-file.ts';
import {
  identifyJsonLines,
  type JsonLinesBatch,
  type LinePosition,
  readJsonLines,
} from './read-json-lines.ts';
import { isJsonLines } from './readers.ts';

/** Runs on a worker thread of `DocumentPool`: whatever a file does to it, it does to this thread alone. */

export interface DocumentTask {
  readonly file: FileReference;
  readonly settings: DocumentSettings;
  readonly position: LinePosition;
  readonly skip: readonly string[];
}

/** A batch, or why the file cannot be read: errors would lose their code between threads. */
export type DocumentTaskResult<Item> =
  | (JsonLinesBatch<Item> & { readonly hasMoreChunks?: boolean })
  | { readonly unreadable: string };

/** Receiving a large document in one piece would hold up the receiver's event loop. */
const CHUNKS_PER_MESSAGE = 400;

let unsentChunks: readonly Chunk[] = [];

// A parser's stray rejection must not end the thread, and with it the reading of the next file.
process.on('unhandledRejection', () => {});

/** Tells which documents a file holds, without parsing it. */
export async function inspect({
  file,
  settings,
  position,
}: DocumentTask): Promise<DocumentTaskResult<DocumentIdentity>> {
  return orUnreadable(async () =>
    isJsonLines(file.path)
      ? identifyJsonLines(file, settings, position)
      : { documents: [await identifyFile(file, settings)], failures: [] },
  );
}

/** Parses and splits a file, or the next batch of its lines. */
export async function read({
  file,
  settings,
  position,
  skip,
}: DocumentTask): Promise<DocumentTaskResult<ReadDocument>> {
  return orUnreadable(async () => {
    if (isJsonLines(file.path)) return readJsonLines(file, settings, { ...position, skip });
    const document = await readFile(file, settings, skip);
    if (document === undefined) return { documents: [], failures: [] };
    unsentChunks = document.chunks;
    const { chunks, hasMoreChunks } = moreChunks();
    return { documents: [{ ...document, chunks }], failures: [], hasMoreChunks };
  });
}

/** The next chunks of the document that was read last. */
export function moreChunks(): { readonly chunks: readonly Chunk[]; readonly hasMoreChunks: boolean } {
  const chunks = unsentChunks.slice(0, CHUNKS_PER_MESSAGE);
  unsentChunks = unsentChunks.slice(CHUNKS_PER_MESSAGE);
  return { chunks, hasMoreChunks: unsentChunks.length > 0 };
}

async function orUnreadable<Item>(
  work: () => Promise<JsonLinesBatch<Item>>,
): Promise<DocumentTaskResult<Item>> {
  try {
    return await work();
  } catch (error) {
    return { unreadable: reasonOf(error) };
  } finally {
    forgetCountedWords();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof CitestreamError) return error.message;
  if (error instanceof RangeError && error.message.includes('call stack'))
    return 'The file is nested too deeply.';
  if (error instanceof RangeError) return 'The file needs more memory than there is for one file.';
  return `The file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
