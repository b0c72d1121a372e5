import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
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

interface ReceivedFile {
  readonly name: string;
  readonly place: string;
  readonly temporary: string;
}

const INCOMING = '.incoming';
const DAY_MS = 86_400_000;

/** A file of at most so many bytes is written in one go, beside the arriving of the next ones. */
const SMALL_FILE_BYTES = 262_144;
/** Each step of a file takes a round of the event loop, which is long where many are answered: so many go abreast. */
const ABREAST = 16;

/**
 * Takes the files of one request: each is written to a folder of its own first, and moved to its place only when all
 * have arrived, so that a refused or broken upload leaves nothing. Dispose it to remove what was not moved.
 */
export class UploadFolder implements AsyncDisposable {
  readonly #root: string;
  readonly #incoming: string;
  readonly #limits: UploadLimits;
  readonly #files: ReceivedFile[] = [];
  /** Places that are taken, without case as the file system may not tell it, and the number to try next. */
  readonly #taken = new Map<string, number>();
  /** Writes under way; they never reject. */
  readonly #writing = new Set<Promise<void>>();
  #failure: { readonly thrown: unknown } | undefined;
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
    const held: Uint8Array[] = [];
    let file: FileHandle | undefined;
    let bytes = 0;
    try {
      for await (const chunk of content) {
        bytes += chunk.byteLength;
        this.#bytes += chunk.byteLength;
        if (bytes > maxFileBytes) {
          throw tooLarge(
            `The file "${shown(name)}" is larger than the limit of ${formatByteSize(maxFileBytes)}.`,
          );
        }
        if (this.#bytes > maxUploadBytes) {
          throw tooLarge(
            `The files together are larger than the limit of ${formatByteSize(maxUploadBytes)}.`,
          );
        }
        held.push(chunk);
        if (bytes <= SMALL_FILE_BYTES) continue;
        file ??= await open(temporary, 'wx', 0o600);
        await file.writeFile(Buffer.concat(held.splice(0)));
      }
    } finally {
      await file?.close();
    }
    if (file === undefined) await this.#writeAbreast(temporary, Buffer.concat(held));
  }

  /** Moves every file to its place, over an older one of the same name. */
  async keep(): Promise<readonly UploadedFile[]> {
    await this.#written();
    const kept: UploadedFile[] = [];
    for (let first = 0; first < this.#files.length; first += ABREAST) {
      const moved = this.#files.slice(first, first + ABREAST).map(async (file) => this.#move(file));
      kept.push(...(await Promise.all(moved)));
    }
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#writing);
    await rm(this.#incoming, { recursive: true, force: true });
  }

  async #writeAbreast(path: string, content: Uint8Array): Promise<void> {
    const write = async (): Promise<void> => {
      try {
        await writeFile(path, content, { flag: 'wx', mode: 0o600 });
      } catch (thrown) {
        this.#failure ??= { thrown };
      }
    };
    const writing = write().finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    if (this.#writing.size >= ABREAST) await Promise.race(this.#writing);
  }

  /** Throws what a write failed with. */
  async #written(): Promise<void> {
    await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  async #move({ name, place, temporary }: ReceivedFile): Promise<UploadedFile> {
    const path = join(this.#root, place);
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(temporary, path);
    } catch (cause) {
      if (!isPlaceTaken(cause)) throw cause;
      throw new InvalidInputError(
        `"${shown(name)}" cannot be stored: a folder has the name of a file, or a file that of a folder. Rename it.`,
        { field: 'files', cause },
      );
    }
    return { name, path };
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
