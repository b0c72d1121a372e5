import type { Stats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import { isDynamicPattern } from 'globby';

import { InvalidInputError } from '../errors.ts';
import { type FolderListing, searchFolder } from './search-folder.ts';

/** A file to ingest. */
export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** What readers are shown: the path from the folder that was named, with that folder's own name. */
  readonly uri: string;
  readonly bytes: number;
}

/** A file or folder whose content is not known, because it may not be read. */
export interface UnreadablePath {
  /** Absolute; what was stored from it and from below it is kept. */
  readonly path: string;
  readonly uri: string;
  readonly reason: string;
}

/** What the paths of an ingest come to. */
export interface FoundFiles {
  /** Ascending by path, each once. */
  readonly files: readonly FoundFile[];
  /** Absolute paths of the folders that were searched whole: what is gone from them is to be removed. */
  readonly folders: readonly string[];
  /** How many files of other kinds the folders hold. */
  readonly skipped: number;
  /** What could not be looked into, each once. */
  readonly unreadable: readonly UnreadablePath[];
}

/** What to look for, and what to leave out. */
export interface FindFilesOptions {
  /** Lower-case, with the dot; applies to folders and globs, not to files that are named. */
  readonly extensions: ReadonlySet<string>;
  /** Globs relative to each folder, beside its `.gitignore` and `.citestreamignore` files. */
  readonly exclude?: readonly string[];
  /** Absolute path of a folder never to enter, as the data folder. */
  readonly never?: string;
  /** What relative paths start from. @default process.cwd() */
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

/** How many files are looked at in one go. */
const STATS_AT_ONCE = 256;

/**
 * Turns the paths of `citestream ingest` (files, folders, globs) into files. In folders, hidden files, `node_modules`
 * and what an ignore file excludes are left out; a file that is named is always taken. A folder or file below them
 * that may not be read is told, and the rest goes on.
 * Throws INVALID_INPUT for a path that leads nowhere and for a glob that matches nothing.
 */
export async function findFiles(paths: readonly string[], options: FindFilesOptions): Promise<FoundFiles> {
  const { extensions, directory = process.cwd(), signal } = options;
  const found = new Map<string, FoundFile>();
  const unreadable = new Map<string, UnreadablePath>();
  const folders: string[] = [];
  let skipped = 0;

  for (const path of paths) {
    signal?.throwIfAborted();
    const absolute = resolve(directory, path);
    const stats = await statNamed(absolute, path);
    if (stats?.isFile() === true) {
      add({ path: absolute, uri: publicUri(absolute, directory), bytes: stats.size });
    } else if (stats?.isDirectory() === true) {
      folders.push(absolute);
      // `**` alone would not match a name with a line break in it.
      await take(await search('**/*', absolute), dirname(absolute));
    } else if (stats !== undefined) {
      throw new InvalidInputError(`${quoted(path)} is neither a file nor a folder.`, { field: path });
    } else if (isDynamicPattern(path)) {
      const listing = await search(path.split(sep).join('/'), directory);
      if (listing.files.length === 0 && listing.unlisted.length === 0)
        throw new InvalidInputError(`No file matches ${quoted(path)}.`, { field: path });
      await take(listing, directory);
    } else {
      throw new InvalidInputError(`There is no file or folder ${quoted(path)}.`, { field: path });
    }
  }
  return {
    files: [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    folders,
    skipped,
    unreadable: [...unreadable.values()],
  };

  function add(file: FoundFile): void {
    if (!found.has(file.path)) found.set(file.path, file);
  }

  async function search(pattern: string, folder: string): Promise<FolderListing> {
    return searchFolder({ pattern, folder, exclude: options.exclude ?? [], never: options.never, signal });
  }

  async function take({ files, unlisted }: FolderListing, shownFrom: string): Promise<void> {
    for (const { path, cause } of unlisted) refuse(path, publicUri(path, shownFrom), cause);
    const wanted = files.filter((file) => extensions.has(extname(file).toLowerCase()));
    skipped += files.length - wanted.length;
    for (let start = 0; start < wanted.length; start += STATS_AT_ONCE) {
      signal?.throwIfAborted();
      const part = wanted.slice(start, start + STATS_AT_ONCE);
      await Promise.all(part.map(async (file) => takeFile(file, publicUri(file, shownFrom))));
    }
  }

  async function takeFile(path: string, uri: string): Promise<void> {
    try {
      const stats = await lstat(path);
      if (stats.isFile()) add({ path, uri, bytes: stats.size });
    } catch (error) {
      // What is gone since the folder was listed is as if it had never been there.
      if (!isMissing(error)) refuse(path, uri, error);
    }
  }

  function refuse(path: string, uri: string, cause: unknown): void {
    unreadable.set(path, { path, uri, reason: reasonOf(cause) });
  }
}

async function statNamed(absolute: string, path: string): Promise<Stats | undefined> {
  try {
    return await stat(absolute);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new InvalidInputError(`${quoted(path)} cannot be ingested. ${reasonOf(error)}`, {
      field: path,
      cause: error,
    });
  }
}

function isMissing(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return ['ENOENT', 'ENOTDIR'].includes(code);
}

function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (['EACCES', 'EPERM'].includes(code)) return 'It may not be read: its permissions forbid it.';
  if (code === 'ELOOP') return 'Its links lead in a circle.';
  // `EIO: i/o error, scandir '/a/b'`: the path is said already, and is not everybody's to see.
  return `It cannot be read: ${message.split(',')[0] ?? code}.`;
}

/** A path as a sentence shows it, on one line. */
const quoted = (path: string): string => `"${path.replaceAll(/\p{Cc}/gu, '?')}"`;

/** Relative to the folder that names start from where the file lies below it, else with its folder's name alone. */
function publicUri(path: string, shownFrom: string): string {
  const below = relative(shownFrom, path);
  const isBelow = below !== '' && below.split(sep)[0] !== '..' && !isAbsolute(below);
  const shown = isBelow ? below : join(basename(dirname(path)), basename(path));
  return shown.split(sep).join('/');
}
