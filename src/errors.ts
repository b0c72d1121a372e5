/**
 * Every error of citestream, in one table: what went wrong, the HTTP status it becomes, the exit code
 * the command line ends with, and whether trying again can help.
 *
 *   CitestreamError
 *   ├── InvalidInputError       the caller's input is wrong; the message names the field or file
 *   ├── NotImplementedError     a provider cannot do what was asked, and says so before any work
 *   └── every other code        told apart by `code`
 *
 * A reader who leaves is not an error: that is the reason of an aborted `AbortSignal`.
 */
interface ErrorTraits {
  readonly status: number;
  readonly exitCode: number;
  readonly retryable: boolean;
}

const traits = (status: number, exitCode: number, retryable: boolean): ErrorTraits => ({
  status,
  exitCode,
  retryable,
});

/** The stable codes, with the HTTP status, the exit code and whether a retry can help. */
export const ERROR_TABLE = {
  // The caller's input.
  INVALID_INPUT: traits(400, 2, false),
  UNAUTHORIZED: traits(401, 1, false),
  FORBIDDEN: traits(403, 1, false),
  NOT_FOUND: traits(404, 1, false),
  METHOD_NOT_ALLOWED: traits(405, 1, false),
  SESSION_BUSY: traits(409, 1, true),
  TOO_LARGE: traits(413, 1, false),
  UNSUPPORTED_MEDIA_TYPE: traits(415, 1, false),
  NOT_IMPLEMENTED: traits(501, 2, false),
  // The configuration and the data folder.
  CONFIGURATION: traits(500, 2, false),
  PORT_IN_USE: traits(500, 1, true),
  DATA_FOLDER: traits(500, 1, false),
  DATA_FOLDER_BUSY: traits(503, 1, true),
  STORE_MISMATCH: traits(500, 1, false),
  // Documents.
  UNREADABLE_DOCUMENT: traits(422, 1, false),
  // Work under way.
  OVERLOADED: traits(503, 1, true),
  SHUTTING_DOWN: traits(503, 1, true),
  TIMEOUT: traits(504, 1, true),
  STORE_FAILED: traits(502, 1, true),
  // Providers: why a model, an embedder or a remote store did not answer.
  THROTTLED: traits(429, 1, true),
  CREDENTIALS: traits(502, 1, false),
  ACCESS_DENIED: traits(502, 1, false),
  MODEL_NOT_FOUND: traits(502, 1, false),
  CONTEXT_OVERFLOW: traits(422, 1, false),
  UPSTREAM_UNAVAILABLE: traits(503, 1, true),
  LLM_FAILED: traits(502, 1, true),
  EMBEDDER_FAILED: traits(502, 1, true),
  INTERNAL: traits(500, 1, false),
} as const satisfies Record<string, ErrorTraits>;

/** One of the stable error codes; a problem body, an `error` event and a log line carry the same. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** Catch this to handle anything citestream refuses or fails at; `code` tells which. */
export class CitestreamError extends Error {
  override readonly name: string = 'CitestreamError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly exitCode: number;
  readonly retryable: boolean;

  /** The message says what happened, the value seen, and what to do. */
  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.status = ERROR_TABLE[code].status;
    this.exitCode = ERROR_TABLE[code].exitCode;
    this.retryable = ERROR_TABLE[code].retryable;
  }
}

/** Thrown when the caller's input is wrong: `field` names the field, flag or file to correct. */
export class InvalidInputError extends CitestreamError {
  override readonly name = 'InvalidInputError';
  readonly field: string | undefined;

  constructor(message: string, options: { readonly field?: string; readonly cause?: unknown } = {}) {
    super('INVALID_INPUT', message, options);
    this.field = options.field;
  }
}

/** Thrown at the call, never lazily, by a provider that has no such operation. */
export class NotImplementedError extends CitestreamError {
  override readonly name = 'NotImplementedError';

  constructor(message: string) {
    super('NOT_IMPLEMENTED', message);
  }
}

/** Any thrown value as a CitestreamError, for the boundary that must answer with a code. */
export function toCitestreamError(thrown: unknown, code: ErrorCode = 'INTERNAL'): CitestreamError {
  if (thrown instanceof CitestreamError) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'TimeoutError') {
    return new CitestreamError('TIMEOUT', 'The operation took longer than its limit.', { cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CitestreamError(code, message, { cause: thrown });
}
