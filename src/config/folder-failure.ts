import { CitestreamError } from '../errors.ts';

/** Why a folder does not serve, and what a person can do about it. */
export interface FolderFailure {
  readonly reason: string;
  readonly remedy: string;
}

/** The failures a user can do something about, by what the operating system, SQLite and LanceDB call them. */
const KNOWN_FAILURES: readonly (FolderFailure & { readonly pattern: RegExp })[] = [
  {
    pattern: /EACCES|EPERM|EROFS|os error (1|13|30)\b|readonly database|unable to open database/,
    reason: 'there is no permission to use it',
    remedy: 'Correct its rights, or use another folder.',
  },
  {
    pattern: /ENOSPC|EDQUOT|EFBIG|os error (27|28|122)\b|database or disk is full/,
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
    pattern:
      /Not found:|sufficient data|Invalid range|failed to fill whole buffer|Invalid magic|corrupt|not a database|malformed/i,
    reason: 'files in it are missing or damaged',
    remedy: 'Delete it and ingest again, or use another folder.',
  },
];

/** What is known about a failure of files: by its message or its code, `undefined` where nothing is. */
export function knownFolderFailure(cause: unknown): FolderFailure | undefined {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const text = `${code} ${cause instanceof Error ? cause.message : String(cause)}`;
  return KNOWN_FAILURES.find(({ pattern }) => pattern.test(text));
}

/** Tells why the data folder cannot be used, and what to do: DATA_FOLDER. */
export function unusableFolder(folder: string, cause: unknown): CitestreamError {
  const { reason, remedy } = isMissing(cause)
    ? { reason: 'it cannot be made there', remedy: 'Use another folder.' }
    : (knownFolderFailure(cause) ?? {
        reason: firstLine(cause),
        remedy: 'Correct it, or use another folder.',
      });
  return new CitestreamError(
    'DATA_FOLDER',
    `The data folder ${folder} cannot be used: ${reason}. ${remedy}`,
    {
      cause,
    },
  );
}

/** A failure's own words, without what libraries append: lines, and places in their source. */
export function firstLine(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return (message.split(/\n|, \/(?:usr|rustc)\//)[0] ?? '').trim().replace(/\.$/, '').slice(0, 300);
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
