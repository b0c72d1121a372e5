import { inflateRawSync } from 'node:zlib';

import { unreadable } from './parsed-text.ts';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const MAX_COMMENT_BYTES = 0xffff;
const STORED = 0;
const DEFLATED = 8;

/** Bounds for an archive from outside; a small file can stand for terabytes. */
export interface ZipLimits {
  readonly maxEntries: number;
  /** Of all wanted entries together, as declared and as they are. */
  readonly maxInflatedBytes: number;
  /** Which entries are wanted; the others are not touched. */
  readonly wants: (name: string) => boolean;
}

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly compressedBytes: number;
  readonly inflatedBytes: number;
  readonly offset: number;
}

/** The wanted entries of a ZIP archive; throws UNREADABLE_DOCUMENT for damage, encryption and what exceeds a limit. */
export function unzipBounded(bytes: Uint8Array, limits: ZipLimits): Record<string, Uint8Array> {
  try {
    return unzip(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), limits);
  } catch (error) {
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true) {
      throw unreadable('The file is damaged: its archive cannot be unpacked.', error);
    }
    throw error;
  }
}

function unzip(
  archive: Buffer,
  { maxEntries, maxInflatedBytes, wants }: ZipLimits,
): Record<string, Uint8Array> {
  const directory = findDirectory(archive);
  if (directory.entries > maxEntries) {
    throw unreadable(`The file holds ${directory.entries} parts, and at most ${maxEntries} are read.`);
  }
  const wanted = [...entriesOf(archive, directory)].filter(({ name }) => wants(name));
  const declared = wanted.reduce((sum, { inflatedBytes }) => sum + inflatedBytes, 0);
  const tooLarge = unreadable(
    `The file unpacks to more than ${Math.floor(maxInflatedBytes / 1024 ** 2)} MB, which is the limit.`,
  );
  if (declared > maxInflatedBytes) throw tooLarge;
  const contents = new Map<string, Uint8Array>();
  let left = maxInflatedBytes;
  for (const entry of wanted) {
    if ((entry.flags & 1) === 1) throw unreadable('The file is encrypted: save it without a password.');
    const content = inflate(archive, entry, left);
    if (content === undefined) throw tooLarge;
    left -= content.length;
    contents.set(entry.name, content);
  }
  return Object.fromEntries(contents);
}

function findDirectory(archive: Buffer): { readonly entries: number; readonly offset: number } {
  const earliest = Math.max(0, archive.length - 22 - MAX_COMMENT_BYTES);
  for (let at = archive.length - 22; at >= earliest; at -= 1) {
    if (archive.readUInt32LE(at) !== END_OF_DIRECTORY) continue;
    return { entries: archive.readUInt16LE(at + 10), offset: archive.readUInt32LE(at + 16) };
  }
  throw unreadable('The file is damaged: it is cut off or not a ZIP archive.');
}

function* entriesOf(
  archive: Buffer,
  directory: { readonly entries: number; readonly offset: number },
): Generator<Entry> {
  let at = directory.offset;
  for (let index = 0; index < directory.entries; index += 1) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new RangeError('no directory entry');
    const nameBytes = archive.readUInt16LE(at + 28);
    yield {
      flags: archive.readUInt16LE(at + 8),
      method: archive.readUInt16LE(at + 10),
      compressedBytes: archive.readUInt32LE(at + 20),
      inflatedBytes: archive.readUInt32LE(at + 24),
      offset: archive.readUInt32LE(at + 42),
      name: archive.toString('utf8', at + 46, at + 46 + nameBytes),
    };
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
}

/** Nothing where it is larger than `maxBytes`, whatever the directory says. */
function inflate(archive: Buffer, entry: Entry, maxBytes: number): Uint8Array | undefined {
  if (archive.readUInt32LE(entry.offset) !== LOCAL_ENTRY) throw new RangeError('no entry');
  const start =
    entry.offset + 30 + archive.readUInt16LE(entry.offset + 26) + archive.readUInt16LE(entry.offset + 28);
  const compressed = archive.subarray(start, start + entry.compressedBytes);
  if (entry.method === STORED) return compressed.length > maxBytes ? undefined : compressed;
  if (entry.method !== DEFLATED) throw new RangeError(`compression method ${entry.method}`);
  try {
    // Zero would mean no limit.
    return inflateRawSync(compressed, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}
