import { type Dirent, readdir } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

import { convertPathToPattern, globby, isIgnoredByIgnoreFiles } from 'globby';

/** What to look for below a folder, and what to leave out. */
export interface FolderSearch {
  readonly pattern: string;
  /** Absolute; the pattern and what is excluded are relative to it. */
  readonly folder: string;
  readonly exclude: readonly string[];
  /** Absolute path of a folder never to enter. */
  readonly never?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A folder that could not be listed; what lies in it is not known. */
export interface UnlistedFolder {
  /** Absolute. */
  readonly path: string;
  readonly cause: NodeJS.ErrnoException;
}

/** The files that were found, as absolute paths, and the folders that hid theirs. */
export interface FolderListing {
  readonly files: readonly string[];
  readonly unlisted: readonly UnlistedFolder[];
}

const IGNORE_FILES = ['**/.gitignore', '**/.citestreamignore'];
const ALWAYS_EXCLUDED = ['**/node_modules/**', '**/.git/**'];

/** Finds files by a glob without following links; a folder that cannot be listed is told, and the rest goes on. */
export async function searchFolder(search: FolderSearch): Promise<FolderListing> {
  const { pattern, folder, exclude, never, signal } = search;
  const unlisted = new Map<string, NodeJS.ErrnoException>();
  const options = {
    cwd: folder,
    ignore: [...ALWAYS_EXCLUDED, ...exclude, ...neverUnder(folder, never)],
    followSymbolicLinks: false,
    suppressErrors: true,
  };
  const fileSystem = listingFileSystem((path, cause) => unlisted.set(resolve(folder, path), cause), signal);
  const found = await globby(pattern, { ...options, ignoreFiles: IGNORE_FILES, fs: fileSystem });
  signal?.throwIfAborted();
  const files = found.map((path) => resolve(folder, path));
  if (unlisted.size === 0) return { files, unlisted: [] };
  // The search for ignore files enters more folders than that for files.
  const isIgnored = await isIgnoredByIgnoreFiles(IGNORE_FILES, options);
  const isWanted = (path: string): boolean =>
    path === folder || !(isHidden(relative(folder, path)) || isIgnored(path) || isIgnored(join(path, sep)));
  return {
    files,
    unlisted: [...unlisted].flatMap(([path, cause]) => (isWanted(path) ? [{ path, cause }] : [])),
  };
}

type ListingCallback = (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void;

/** Lists folders for the search, tells which cannot be, and lists none any more once the signal is aborted. */
function listingFileSystem(
  onFailure: (path: string, cause: NodeJS.ErrnoException) => void,
  signal: AbortSignal | undefined,
) {
  const list = (path: string, _options: { withFileTypes: true }, callback: ListingCallback): void => {
    if (signal?.aborted === true) {
      callback(new Error('The search was ended.'), []);
      return;
    }
    readdir(path, { withFileTypes: true }, (error, entries) => {
      // A folder that is gone by now holds nothing.
      if (error !== null && error.code !== 'ENOENT') onFailure(path, error);
      callback(error, entries);
    });
  };
  // Without asking for each file's facts, which would lose a whole folder where one file of it goes, only this is used.
  return { readdir: list as never };
}

function neverUnder(folder: string, never: string | undefined): string[] {
  if (never === undefined) return [];
  const below = relative(folder, never).split(sep).join('/');
  if (below === '') return ['**'];
  return below.split('/')[0] === '..' ? [] : [`${convertPathToPattern(below)}/**`];
}

const isHidden = (path: string): boolean => path.split(sep).some((name) => name.startsWith('.'));
