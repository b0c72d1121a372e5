import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CitestreamError } from '../errors.ts';

/** A folder that is gone when it is disposed of, or when the process ends before. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
}

/** Makes an empty folder for the time being; its name begins with the prefix. Throws DATA_FOLDER where it cannot. */
export function makeTemporaryFolder(prefix: string): TemporaryFolder {
  const folder = makeIn(tmpdir(), prefix);
  const remove = (): void => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // A thread of a library may still write: the system clears its folder in time.
    }
  };
  process.once('exit', remove);
  return {
    path: folder,
    [Symbol.dispose]() {
      process.off('exit', remove);
      remove();
    },
  };
}

function makeIn(parent: string, prefix: string): string {
  try {
    return mkdtempSync(path.join(parent, prefix));
  } catch (error) {
    throw new CitestreamError(
      'DATA_FOLDER',
      `No temporary folder can be made in ${parent}: ${(error as Error).message}. Set TMPDIR to a folder that can be written.`,
      { cause: error },
    );
  }
}

/** Puts the temporary files of this process, and of libraries that leave theirs behind, where they go when it ends. */
export function keepTemporaryFilesTogether(): void {
  try {
    const { path } = makeTemporaryFolder('citestream-');
    for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = path;
  } catch {
    // Most commands need none: those that do say what is wrong.
  }
}
