import { CitestreamError } from '../errors.ts';

interface KnownFailure {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly remedy: string;
}

/** The failures a user can do something about, by what the operating system and LanceDB call them. */
const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    pattern: /EACCES|EPERM|EROFS|os error (1|13|30)\b/,
    reason: 'there is no permission to use it',
    remedy: 'Correct its rights, or use another folder.',
  },
  {
    pattern: /ENOSPC|EDQUOT|EFBIG|os error (27|28|122)\b/,
    reason: 'there is no space left for it',
    remedy: 'Make space and try again; what was stored before is kept.',
  },
  {
    pattern: /EMFILE|ENFILE|os error (23|24)\b/,
    reason: 'too many files are open',
    remedy: 'Raise the limit (ulimit -n) and try again.',
  },
  {
    pattern: /ENOTDIR|EEXIST|os error (17|20)\b/,
    reason: 'a file is in its way',
    remedy: 'Move it away, or use another folder.',
  },
  {
    pattern: /Not found:|sufficient data|Invalid range|failed to fill whole buffer|Invalid magic|corrupt/i,
    reason: 'files in it are missing or damaged',
    remedy: 'Delete it and ingest again, or use another folder.',
  },
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
  const known = knownFailure(message);
  if (known !== undefined) {
    throw new CitestreamError(
      'DATA_FOLDER',
      `${what} failed, for the data folder cannot be used: ${known.reason}. ${known.remedy}`,
      { cause },
    );
  }
  throw new CitestreamError('STORE_FAILED', `${what} failed: ${firstLine(cause)}.`, { cause });
}

/** Why a folder cannot be opened, and what to do. */
export function unusableFolder(directory: string, cause: unknown): CitestreamError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const { reason, remedy } =
    code === 'ENOENT' || isNotFound(cause)
      ? {
          reason: 'it holds no such collection yet',
          remedy: 'Ingest documents first, or use another folder.',
        }
      : (knownFailure(`${code} ${message}`) ?? {
          reason: firstLine(cause),
          remedy: 'Correct it, or use another folder.',
        });
  return new CitestreamError(
    'DATA_FOLDER',
    `The data folder ${directory} cannot be used: ${reason}. ${remedy}`,
    { cause },
  );
}

/** True where LanceDB says that there is no such table. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && /was not found/.test(error.message);
}

function knownFailure(message: string): KnownFailure | undefined {
  return KNOWN_FAILURES.find(({ pattern }) => pattern.test(message));
}

/** LanceDB's own words, without the places in its source. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split(/\n|, \/(?:usr|rustc)\//)[0] ?? '').trim().replace(/\.$/, '').slice(0, 300);
}
