import { STATUS_CODES } from 'node:http';

import { CitestreamError, ERROR_TABLE, type ErrorCode, InvalidInputError } from '../errors.ts';
import type { Problem } from './api-schemas.ts';

/** One field of a request that is wrong. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

interface RequestErrorOptions {
  /** Where the code's own status says something else, as for a request that came too slowly. */
  readonly status?: number;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Throw this for a refusal that needs more than a code and a sentence: fields, headers, another status. */
export class RequestError extends CitestreamError {
  override readonly name = 'RequestError';
  override readonly status: number;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: RequestErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status ?? ERROR_TABLE[code].status;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}

const INTERNAL_MESSAGE = 'Something failed inside the server. The log has the reason under this request id.';

/** What readers are told where the error's own message is about the inside: providers, paths, settings. */
const PUBLIC_MESSAGES: Partial<Record<string, string>> = {
  INTERNAL: INTERNAL_MESSAGE,
  CONFIGURATION: INTERNAL_MESSAGE,
  PORT_IN_USE: INTERNAL_MESSAGE,
  DATA_FOLDER: INTERNAL_MESSAGE,
  STORE_MISMATCH: INTERNAL_MESSAGE,
  DATA_FOLDER_BUSY: 'Another ingest is running on the same data. Try again when it has ended.',
  STORE_FAILED: 'The document store did not answer as it should. Try again later.',
  LLM_FAILED: 'The language model did not answer as it should. Try again later.',
  EMBEDDER_FAILED: 'The embedding model did not answer as it should. Try again later.',
} satisfies Partial<Record<ErrorCode, string>>;

/** The message of a failure without what only the log should have. */
export function publicMessage(error: { readonly code: string; readonly message: string }): string {
  return PUBLIC_MESSAGES[error.code] ?? error.message;
}

const RETRY_AFTER_S: Partial<Record<ErrorCode, number>> = {
  OVERLOADED: 2,
  SHUTTING_DOWN: 5,
  DATA_FOLDER_BUSY: 5,
};
const DEFAULT_RETRY_AFTER_S = 2;

/** An answer that refuses: the body, and the headers that go with it. */
export interface ProblemResponse {
  readonly body: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Any error as the problem body of RFC 9457 that its caller gets. */
export function problemResponse(error: CitestreamError, requestId: string): ProblemResponse {
  const { code, status, retryable } = error;
  const errors = fieldErrors(error);
  const retryAfter = status === 503 && {
    'retry-after': String(RETRY_AFTER_S[code] ?? DEFAULT_RETRY_AFTER_S),
  };
  return {
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail: publicMessage(error),
      code,
      retryable,
      request_id: requestId,
      ...(errors.length > 0 && { errors: [...errors] }),
    },
    headers: { ...retryAfter, ...(error instanceof RequestError && error.headers) },
  };
}

function fieldErrors(error: CitestreamError): readonly FieldError[] {
  if (error instanceof RequestError) return error.errors;
  if (error instanceof InvalidInputError && error.field !== undefined) {
    return [{ path: error.field, message: error.message }];
  }
  return [];
}
