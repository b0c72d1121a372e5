import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Source } from '../citations/citation.ts';
import { decodeText } from '../documents/decode-text.ts';
import type { DocumentRecord } from '../documents/document.ts';

/** Where a source can be opened. */
export interface SourceLocation {
  /** Relative where it lies below the working directory, with the line or its id where known: `docs/guide.md:12`, `corpus.jsonl#7`. */
  readonly text: string;
  readonly url: string;
}

/** Formats whose offsets are those of the file itself. */
const TEXT_TYPES: ReadonlySet<string> = new Set(['text/plain', 'text/markdown']);
const MAX_BYTES_FOR_LINE = 10_000_000;

/** The file a source was read from, where it still exists, and the line the source begins at, where that is cheap. */
export async function locateSource(
  source: Pick<Source, 'start' | 'text'>,
  { record, directory }: { readonly record: DocumentRecord; readonly directory: string },
): Promise<SourceLocation | undefined> {
  const file = await existingFile(record.source);
  if (file === undefined) return undefined;
  const lineId = record.source.slice(file.path.length);
  const isText = TEXT_TYPES.has(record.mediaType) && file.bytes <= MAX_BYTES_FOR_LINE;
  const line = isText ? lineOf(await readText(file.path), source) : undefined;
  const relative = path.relative(directory, file.path);
  const shown = relative.startsWith('..') || path.isAbsolute(relative) ? file.path : relative;
  return {
    text: line === undefined ? `${shown}${lineId}` : `${shown}:${line}`,
    url: pathToFileURL(file.path).href,
  };
}

/** A line of a JSON Lines file is named by `file#id`; a file's own name, and the id, may hold a # as well. */
async function existingFile(
  source: string,
): Promise<{ readonly path: string; readonly bytes: number } | undefined> {
  const marks = [...source.matchAll(/(?!^)#/g)].map(({ index }) => index);
  for (const end of [source.length, ...marks]) {
    const candidate = source.slice(0, end);
    const stats = await stat(candidate).catch(() => undefined);
    if (stats?.isFile() === true) return { path: candidate, bytes: stats.size };
  }
  return undefined;
}

async function readText(file: string): Promise<string> {
  try {
    return decodeText(await readFile(file));
  } catch {
    return '';
  }
}

/** The line, from 1, or `undefined` where the file no longer holds the passage there. */
function lineOf(content: string, { start, text }: Pick<Source, 'start' | 'text'>): number | undefined {
  const beginning = text.trimStart().slice(0, 80);
  const expected = start + text.length - text.trimStart().length;
  const offset = content.startsWith(beginning, expected) ? expected : content.indexOf(beginning);
  if (beginning === '' || offset === -1) return undefined;
  let line = 1;
  for (
    let index = content.indexOf('\n');
    index !== -1 && index < offset;
    index = content.indexOf('\n', index + 1)
  ) {
    line += 1;
  }
  return line;
}
