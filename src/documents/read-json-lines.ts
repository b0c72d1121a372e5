import { CitestreamError } from '../errors.ts';
import { chunkText } from './chunk-text.ts';
import { ContentHash, documentId } from './document-identity.ts';
import { type JsonLine, parseJsonLine } from './json-line.ts';
import { countLinesBefore, type FileLine, type LineBatch, readLineBatch } from './line-batch.ts';
import { unreadable } from './parsed-text.ts';
import {
  type DocumentIdentity,
  type DocumentSettings,
  type FileReference,
  type ReadDocument,
  splitterFor,
  withFile,
} from './read-file.ts';

/** Lines that could not be read; the other lines were. */
export interface LineFailure {
  readonly uri: string;
  readonly reason: string;
}

/** Where a batch begins. */
export interface LinePosition {
  /** In bytes. */
  readonly offset: number;
  /** How many lines come before it, where that is known. */
  readonly line?: number;
}

/** Some documents of a JSON Lines file, and where the next ones begin. */
export interface JsonLinesBatch<Item> {
  readonly documents: readonly Item[];
  readonly failures: readonly LineFailure[];
  readonly next?: Required<LinePosition>;
}

interface LineDocument extends DocumentIdentity {
  readonly source: string;
  readonly bytes: number;
  readonly content: JsonLine;
}

/** Small enough for memory to stay flat, large enough for the way between threads not to matter. */
const LIMITS = { maxLines: 256, maxBytes: 1024 ** 2, maxLineBytes: 8 * 1024 ** 2 };

/** Which documents a batch of lines holds. */
export async function identifyJsonLines(
  file: FileReference,
  settings: DocumentSettings,
  position: LinePosition,
): Promise<JsonLinesBatch<DocumentIdentity>> {
  return forBatch(file, settings, position, ({ id, uri, contentHash }) => ({ id, uri, contentHash }));
}

/** Reads and splits a batch of lines, but for the documents to skip. */
export async function readJsonLines(
  file: FileReference,
  settings: DocumentSettings,
  position: LinePosition & { readonly skip?: readonly string[] },
): Promise<JsonLinesBatch<ReadDocument>> {
  const skipped = new Set(position.skip);
  return forBatch(file, settings, position, ({ content, ...identity }) => {
    if (skipped.has(identity.id)) return undefined;
    const { title, metadata, text } = content;
    const placed = {
      documentId: identity.id,
      contentHash: identity.contentHash,
      text,
      pages: [],
      headings: [],
    };
    return {
      document: { ...identity, title, metadata, mediaType: 'application/x-ndjson' },
      chunks: chunkText(splitterFor(settings), placed),
    };
  });
}

async function forBatch<Item>(
  file: FileReference,
  settings: DocumentSettings,
  position: LinePosition,
  make: (document: LineDocument) => Item | undefined,
): Promise<JsonLinesBatch<Item>> {
  return withFile(file.path, async (handle) => {
    const batch = await readLineBatch(handle, position.offset, LIMITS);
    if (position.offset === 0) refuseWhatIsNone(batch);
    const before = position.line ?? (await countLinesBefore(handle, position.offset));
    const documents: Item[] = [];
    const failures: LineFailure[] = [];
    const seen = new Set<string>();
    for (const line of batch.lines) {
      try {
        const document = lineDocument(file, settings, line);
        if (seen.has(document.id))
          throw unreadable(`its "_id" "${document.content.id}" is an earlier line's.`);
        seen.add(document.id);
        const item = make(document);
        if (item !== undefined) documents.push(item);
      } catch (error) {
        if (!(error instanceof CitestreamError)) throw error;
        failures.push({
          uri: file.uri,
          reason: `Line ${before + line.index + 1} is left out: ${error.message}`,
        });
      }
    }
    refuseHopeless(batch.lines.length, failures);
    const next = batch.next === undefined ? {} : { next: { offset: batch.next, line: before + batch.count } };
    return { documents, failures, ...next };
  });
}

/** A file that is no JSON Lines at all fails once, and not at each of its lines. */
function refuseWhatIsNone({ lines: [first], next }: LineBatch): void {
  if (first === undefined && next === undefined) throw unreadable('The file is empty.');
  if (first?.bytes?.includes(0) === true) {
    throw unreadable('The file is not JSON Lines in UTF-8, but binary or in UTF-16.');
  }
}

/** Every failure is remembered, so a file whose lines all fail may not have millions of them. */
function refuseHopeless(lines: number, failures: readonly LineFailure[]): void {
  if (lines < LIMITS.maxLines || failures.length < lines) return;
  throw unreadable(`No line of ${lines} can be read, and the rest is left. ${failures[0]?.reason}`);
}

function lineDocument(file: FileReference, settings: DocumentSettings, { bytes }: FileLine): LineDocument {
  if (bytes === undefined) {
    throw unreadable(`it is longer than ${LIMITS.maxLineBytes / 1024 ** 2} MB, which is the limit.`);
  }
  const content = parseJsonLine(bytes);
  const source = `${file.path}#${content.id}`;
  return {
    id: documentId(source),
    source,
    uri: `${file.uri}#${content.id}`,
    contentHash: new ContentHash(settings).update(bytes).digest(),
    bytes: bytes.length,
    content,
  };
}
