import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';

import { globby, isDynamicPattern } from 'globby';

import { InvalidInputError } from '../errors.ts';

/** A file to ingest. */
export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** What readers are shown: the path from the folder that was named, with that folder's own name. */
  readonly uri: string;
  readonly bytes: number;
}

/** What the paths of an ingest come to. */
export interface FoundFiles {
  /** Ascending by path, each once. */
  readonly files: readonly FoundFile[];
  /** Absolute paths of the folders that were searched whole: what is gone from them is to be removed. */
  readonly folders: readonly string[];
  /** How many files of other kinds the folders hold. */
  readonly skipped: number;
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

const IGNORE_FILES = ['**/.gitignore', '**/.citestreamignore'];
const ALWAYS_EXCLUDED = ['**/node_modules/**', '**/.git/**'];

/**
 * Turns the paths of `citestream ingest` (files, folders, globs) into files. In folders, hidden files, `node_modules`
 * and what an ignore file excludes are left out; a file that is named is always taken.
 * Throws INVALID_INPUT for a path that does not exist and for a glob that matches nothing.
 */
export async function findFiles(paths: readonly string[], options: FindFilesOptions): Promise<FoundFiles> {
  const directory = options.directory ?? process.cwd();
  const found = new Map<string, FoundFile>();
  const folders: string[] = [];
  let skipped = 0;

  for (const path of paths) {
    options.signal?.throwIfAborted();
    const absolute = resolve(directory, path);
    const stats = await stat(absolute).catch(() => undefined);
    if (stats?.isFile()) {
      add({ path: absolute, uri: publicUri(absolute, directory), bytes: stats.size });
    } else if (stats?.isDirectory()) {
      folders.push(absolute);
      const root = basename(absolute);
      for (const entry of await search('**', absolute)) take(entry, `${root}/${entry.uri}`);
    } else if (isDynamicPattern(path)) {
      const entries = await search(path.split(sep).join('/'), directory);
      if (entries.length === 0) throw new InvalidInputError(`No file matches "${path}".`, { field: path });
      for (const entry of entries) take(entry, publicUri(entry.path, directory));
    } else {
      throw new InvalidInputError(`There is no file or folder "${path}".`, { field: path });
    }
  }
  return {
    files: [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    folders,
    skipped,
  };

  function add(file: FoundFile): void {
    if (!found.has(file.path)) found.set(file.path, file);
  }

  function take(entry: FoundFile, uri: string): void {
    if (options.extensions.has(extname(entry.path).toLowerCase())) add({ ...entry, uri });
    else skipped += 1;
  }

  async function search(pattern: string, cwd: string): Promise<FoundFile[]> {
    const entries = await globby(pattern, {
      cwd,
      ignore: [...ALWAYS_EXCLUDED, ...(options.exclude ?? []), ...neverUnder(cwd, options.never)],
      ignoreFiles: IGNORE_FILES,
      followSymbolicLinks: false,
      expandDirectories: true,
      objectMode: true,
      stats: true,
    });
    return entries.flatMap((entry) =>
      entry.stats?.isFile() === true
        ? [{ path: resolve(cwd, entry.path), uri: entry.path, bytes: entry.stats.size }]
        : [],
    );
  }
}

/** Relative to the working directory where the file lies below it, else with its folder's name alone. */
function publicUri(path: string, directory: string): string {
  const below = relative(directory, path);
  const shown =
    below.startsWith('..') || resolve(below) === below
      ? join(basename(dirname(path)), basename(path))
      : below;
  return shown.split(sep).join('/');
}

function neverUnder(cwd: string, never: string | undefined): string[] {
  if (never === undefined) return [];
  const below = relative(cwd, never).split(sep).join('/');
  return below === '' ? ['**'] : below.startsWith('..') ? [] : [`${below}/**`];
}
