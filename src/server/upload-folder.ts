import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { formatByteSize } from '../config/byte-size.ts';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { numberedPath, uploadPath } from './upload-path.ts';

/** What one request may bring. */
export interface UploadLimits {
  readonly maxFileBytes: number;
  readonly maxUploadBytes: number;
  readonly maxUploadFiles: number;
}

/** A file that has arrived. */
export interface UploadedFile {
  /** As the client called it. */
  readonly name: string;
  /** Absolute, in the uploads folder. */
  readonly path: string;
}

const INCOMING = '.incoming';
const DAY_MS = 86_400_000;

/**
 * Takes the files of one request: each is written to a folder of its own first, and moved to its place only when all
 * have arrived, so that a refused or broken upload leaves nothing. Dispose it to remove what was not moved.
 */
export class UploadFolder implements AsyncDisposable {
  readonly #root: string;
  readonly #incoming: string;
  readonly #limits: UploadLimits;
  readonly #files: { readonly name: string; readonly place: string; readonly temporary: string }[] = [];
  /** Places that are taken, without case as the file system may not tell it, and the number to try next. */
  readonly #taken = new Map<string, number>();
  #bytes = 0;

  constructor(root: string, limits: UploadLimits) {
    this.#root = root;
    this.#incoming = join(root, INCOMING, randomUUID());
    this.#limits = limits;
  }

  /** Writes one file; throws TOO_LARGE where a limit is passed. */
  async receive(name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { maxFileBytes, maxUploadBytes, maxUploadFiles } = this.#limits;
    if (this.#files.length >= maxUploadFiles) {
      throw tooLarge(`One request may bring ${maxUploadFiles} files; send the rest in another.`);
    }
    if (this.#files.length === 0) await mkdir(this.#incoming, { recursive: true });
    const temporary = join(this.#incoming, String(this.#files.length));
    this.#files.push({ name, place: this.#place(name), temporary });
    await using file = await open(temporary, 'wx', 0o600);
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.byteLength;
      this.#bytes += chunk.byteLength;
      if (bytes > maxFileBytes) {
        throw tooLarge(
          `The file "${shown(name)}" is larger than the limit of ${formatByteSize(maxFileBytes)}.`,
        );
      }
      if (this.#bytes > maxUploadBytes) {
        throw tooLarge(`The files together are larger than the limit of ${formatByteSize(maxUploadBytes)}.`);
      }
      await file.writeFile(chunk);
    }
  }

  /** Moves every file to its place, over an older one of the same name. */
  async keep(): Promise<readonly UploadedFile[]> {
    const kept: UploadedFile[] = [];
    const folders = new Set<string>();
    for (const { name, place, temporary } of this.#files) {
      const path = join(this.#root, place);
      try {
        if (!folders.has(dirname(path))) await mkdir(dirname(path), { recursive: true });
        folders.add(dirname(path));
        await rename(temporary, path);
      } catch (cause) {
        if (!isPlaceTaken(cause)) throw cause;
        throw new InvalidInputError(
          `"${shown(name)}" cannot be stored: a folder has the name of a file, or a file that of a folder. Rename it.`,
          { field: 'files', cause },
        );
      }
      kept.push({ name, path });
    }
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#incoming, { recursive: true, force: true });
  }

  #place(name: string): string {
    const wanted = uploadPath(name);
    const key = wanted.toLowerCase();
    let number = this.#taken.get(key) ?? 1;
    let place = wanted;
    while (this.#taken.has(place.toLowerCase())) place = numberedPath(wanted, (number += 1));
    this.#taken.set(place.toLowerCase(), 1).set(key, number);
    return place;
  }
}

/** Removes what uploads of a process that was killed have left; those of the last day may still be arriving. */
export async function removeAbandonedUploads(root: string): Promise<void> {
  const incoming = join(root, INCOMING);
  const names = await readdir(incoming).catch(() => []);
  for (const name of names) {
    const path = join(incoming, name);
    const changed = await stat(path).then(
      (stats) => stats.mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - changed > DAY_MS) await rm(path, { recursive: true, force: true });
  }
}

const tooLarge = (message: string): CitestreamError => new CitestreamError('TOO_LARGE', message);

const shown = (name: string): string => (name.length <= 100 ? name : `${name.slice(0, 100)}…`);

function isPlaceTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENOTEMPTY';
}
