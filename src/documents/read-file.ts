import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { chunkText } from './chunk-text.ts';
import type { Chunk, DocumentRecord } from './document.ts';
import { ContentHash, documentId, type SplitSettings } from './document-identity.ts';
import { unreadable } from './parsed-text.ts';
import { readFileText } from './readers.ts';
import { SentenceSplitter } from './sentence-splitter.ts';

/** How files are read and split. */
export interface DocumentSettings extends SplitSettings {
  /** A larger file is refused; a JSON Lines file has no such limit, its lines have their own. */
  readonly maxFileBytes: number;
}

/** A file, and how readers are shown it. */
export interface FileReference {
  /** Absolute. */
  readonly path: string;
  /** Public, never absolute. */
  readonly uri: string;
}

/** Which document it is, and which version of it. */
export interface DocumentIdentity {
  readonly id: string;
  readonly uri: string;
  readonly contentHash: string;
}

/** A document ready to be embedded and stored. */
export interface ReadDocument {
  readonly document: Omit<DocumentRecord, 'chunks' | 'ingestedAt'>;
  readonly chunks: readonly Chunk[];
}

const BLOCK_BYTES = 1024 ** 2;

let lastSplitter: SentenceSplitter | undefined;

/** The splitter of the settings, kept for the next file. */
export function splitterFor({ chunkSize, chunkOverlap }: SplitSettings): SentenceSplitter {
  if (lastSplitter?.chunkSize !== chunkSize || lastSplitter.chunkOverlap !== chunkOverlap) {
    lastSplitter = new SentenceSplitter({ chunkSize, chunkOverlap });
  }
  return lastSplitter;
}

/** Which document a file is, from its bytes alone, in constant memory. */
export async function identifyFile(
  file: FileReference,
  settings: DocumentSettings,
): Promise<DocumentIdentity> {
  const hash = new ContentHash(settings);
  await forEachBlock(file.path, settings.maxFileBytes, (block) => hash.update(block));
  return { id: documentId(file.path), uri: file.uri, contentHash: hash.digest() };
}

/** Reads and splits a file that is one document; nothing where its id is among those to skip. */
export async function readFile(
  file: FileReference,
  settings: DocumentSettings,
  skip: readonly string[] = [],
): Promise<ReadDocument | undefined> {
  const id = documentId(file.path);
  if (skip.includes(id)) return undefined;
  const blocks: Uint8Array[] = [];
  await forEachBlock(file.path, settings.maxFileBytes, (block) => blocks.push(Uint8Array.from(block)));
  const bytes = Buffer.concat(blocks.splice(0));
  const contentHash = new ContentHash(settings).update(bytes).digest();
  const { title, mediaType, metadata, ...placed } = await readFileText(file.path, bytes);
  const document = {
    id,
    source: file.path,
    uri: file.uri,
    title,
    mediaType,
    bytes: bytes.length,
    contentHash,
    metadata,
  };
  return { document, chunks: chunkText(splitterFor(settings), { documentId: id, contentHash, ...placed }) };
}

/** Opens a file for a while; what the system refuses is said in the words of the file's owner. */
export async function withFile<Result>(
  path: string,
  use: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  let file: FileHandle | undefined;
  try {
    // Opening a named pipe would wait for a writer, on a thread that nobody can end.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await file.stat()).isFile()) throw unreadable('It is not a regular file.');
    return await use(file);
  } catch (error) {
    throw ofSystem(error);
  } finally {
    await file?.close();
  }
}

/** The size is checked while reading too, since a file can grow meanwhile. */
async function forEachBlock(
  path: string,
  maxBytes: number,
  take: (block: Uint8Array) => void,
): Promise<void> {
  await withFile(path, async (file) => {
    const { size } = await file.stat();
    const block = Buffer.allocUnsafe(Math.max(1, Math.min(BLOCK_BYTES, size + 1)));
    let bytes = 0;
    let bytesRead = size > maxBytes ? 0 : -1;
    while (bytesRead !== 0) {
      ({ bytesRead } = await file.read(block, 0, block.length, bytes));
      bytes += bytesRead;
      if (bytes > maxBytes) break;
      take(block.subarray(0, bytesRead));
    }
    const total = Math.max(size, bytes);
    if (total > maxBytes) {
      throw unreadable(`The file has ${inMegabytes(total)}, and at most ${inMegabytes(maxBytes)} are read.`);
    }
  });
}

function inMegabytes(bytes: number): string {
  return `${Math.round((bytes / 1024 ** 2) * 10) / 10} MB`;
}

const SYSTEM_REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'The file is not there any more.'],
  ['EACCES', 'The file may not be read: its permissions forbid it.'],
  ['EPERM', 'The file may not be read: its permissions forbid it.'],
  ['EIO', 'The file cannot be read from its disk.'],
]);

function ofSystem(error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const reason = SYSTEM_REASONS.get(code);
  if (reason !== undefined) return unreadable(reason, error);
  // The system's own message holds the absolute path, which is not for everyone to see.
  return syscall === undefined ? error : unreadable(`The system does not let it be read (${code}).`, error);
}
