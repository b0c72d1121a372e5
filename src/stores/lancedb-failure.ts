import { CitestreamError } from '../errors.ts';

/** What the operating system calls the failures that a user can do something about. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/EACCES|EPERM|EROFS|os error (1|13|30)\b/, 'there is no permission to use it'],
  [/ENOSPC|EDQUOT|EFBIG|os error (27|28|122)\b/, 'there is no space left for it'],
  [/EMFILE|ENFILE|os error (23|24)\b/, 'too many files are open'],
  [/ENOTDIR|EEXIST|os error (17|20)\b/, 'a file is in its way'],
];

/** Throws what LanceDB threw as an error of the house: TIMEOUT, DATA_FOLDER or STORE_FAILED. */
export function failStore(what: string, cause: unknown): never {
  if (cause instanceof CitestreamError) throw cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/\b(query )?timed? ?out\b/i.test(firstLine(cause))) {
    throw new CitestreamError('TIMEOUT', `${what} took too long and was given up: ${firstLine(cause)}.`, {
      cause,
    });
  }
  const reason = reasonOf(message);
  if (reason !== undefined) {
    throw new CitestreamError(
      'DATA_FOLDER',
      `${what} failed, for the data folder cannot be used: ${reason}. What was stored before is kept. Correct it and try again.`,
      { cause },
    );
  }
  throw new CitestreamError('STORE_FAILED', `${what} failed: ${firstLine(cause)}.`, { cause });
}

/** Why a folder cannot be opened, and what to do. */
export function unusableFolder(directory: string, cause: unknown): CitestreamError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason =
    code === 'ENOENT' || isNotFound(cause)
      ? 'it holds no such collection yet; ingest documents first'
      : (reasonOf(`${code} ${message}`) ?? firstLine(cause));
  return new CitestreamError(
    'DATA_FOLDER',
    `The data folder ${directory} cannot be used: ${reason}. Correct it, or use another folder.`,
    { cause },
  );
}

/** True where LanceDB says that there is no such table. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && /was not found/.test(error.message);
}

function reasonOf(message: string): string | undefined {
  return REASONS.find(([pattern]) => pattern.test(message))?.[1];
}

/** LanceDB's own words, without the places in its source. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split(/\n|, \/usr\//)[0] ?? '').trim().replace(/\.$/, '').slice(0, 300);
}
