import { firstLine, knownFolderFailure } from '../config/folder-failure.ts';
import { CitestreamError } from '../errors.ts';

/** Throws what LanceDB threw as an error of the house: TIMEOUT, DATA_FOLDER or STORE_FAILED. */
export function failStore(what: string, cause: unknown): never {
  if (cause instanceof CitestreamError) throw cause;
  if (/\b(query )?timed? ?out\b/i.test(firstLine(cause))) {
    throw new CitestreamError('TIMEOUT', `${what} took too long and was given up: ${firstLine(cause)}.`, {
      cause,
    });
  }
  const known = knownFolderFailure(cause);
  if (known !== undefined) {
    throw new CitestreamError(
      'DATA_FOLDER',
      `${what} failed, for the data folder cannot be used: ${known.reason}. ${known.remedy}`,
      { cause },
    );
  }
  throw new CitestreamError('STORE_FAILED', `${what} failed: ${firstLine(cause)}.`, { cause });
}

/** Tells that nothing was stored yet in what was to be read. */
export function missingCollection(directory: string, cause: unknown): CitestreamError {
  return new CitestreamError(
    'DATA_FOLDER',
    `The data folder ${directory} cannot be used: it holds no such collection yet. Ingest documents first, or use another folder.`,
    { cause },
  );
}

/** True where LanceDB says that there is no such table. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && /was not found/.test(error.message);
}
