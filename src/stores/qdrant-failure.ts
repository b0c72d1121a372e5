import { CitestreamError } from '../errors.ts';

/** What of a failed request matters, whichever class the client threw it as. */
interface Failure {
  readonly status: number | undefined;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

/** Reads what the client threw: an answer with a status, a refusal to come back later, or a broken connection. */
export function readFailure(thrown: unknown): Failure {
  const error = thrown as {
    readonly name?: string;
    readonly message?: string;
    readonly status?: number;
    readonly data?: unknown;
    readonly retry_after?: number;
    readonly cause?: { readonly code?: string; readonly message?: string };
  };
  // The client keeps of `Retry-After` its first digit, and throws another error where that is none.
  if (typeof error.retry_after === 'number' || error.message?.startsWith('Invalid retryAfter') === true) {
    return { status: 429, message: 'too many requests', retryAfterMs: (error.retry_after ?? 1) * 1000 };
  }
  if (typeof error.status === 'number') {
    return { status: error.status, message: sentence(error.data), retryAfterMs: undefined };
  }
  const message = error.cause?.code ?? error.cause?.message ?? error.message ?? String(thrown);
  return { status: undefined, message, retryAfterMs: undefined };
}

function sentence(data: unknown): string {
  const status = (data as { readonly status?: { readonly error?: unknown } | string } | null)?.status;
  if (typeof status === 'object' && typeof status.error === 'string') return status.error;
  return typeof data === 'string' ? data.trim().slice(0, 200) : 'without a reason';
}

/** True where trying again may help: all that is asked of Qdrant here may be asked twice. */
export function isTransient({ status }: Failure): boolean {
  return status === undefined || status === 408 || status === 429 || status >= 500;
}

export const isMissing = (thrown: unknown): boolean => readFailure(thrown).status === 404;

/** True for the answer to the slower of two that create the same. */
export function isAlreadyThere(thrown: unknown): boolean {
  const { status, message } = readFailure(thrown);
  return status === 409 || (status === 400 && /already exists/i.test(message));
}

/** What the client threw as an error of the house, with what to do. */
export function qdrantError(what: string, place: string, thrown: unknown): CitestreamError {
  if (thrown instanceof CitestreamError) return thrown;
  const { status, message } = readFailure(thrown);
  const cause = { cause: thrown };
  if (status === undefined) {
    return new CitestreamError(
      'UPSTREAM_UNAVAILABLE',
      `${what} failed, for Qdrant at ${place} cannot be reached: ${message}. Check that it runs, and the address in the setting store.`,
      cause,
    );
  }
  if (status === 401) {
    return new CitestreamError(
      'CREDENTIALS',
      `${what} failed, for Qdrant at ${place} asks for another API key: ${message}. Set CITESTREAM_QDRANT_API_KEY.`,
      cause,
    );
  }
  if (status === 403) {
    return new CitestreamError(
      'ACCESS_DENIED',
      `${what} failed, for the API key has no right to it at ${place}: ${message}. Use a key that may read and write the collection.`,
      cause,
    );
  }
  if (status === 429) {
    return new CitestreamError(
      'THROTTLED',
      `${what} failed, for Qdrant at ${place} takes no more requests now. Try again later, or raise its limits.`,
      cause,
    );
  }
  if (status >= 500) {
    return new CitestreamError(
      'UPSTREAM_UNAVAILABLE',
      `${what} failed, for Qdrant at ${place} answered ${status}: ${message}. Try again, and look at its log.`,
      cause,
    );
  }
  return new CitestreamError('STORE_FAILED', `${what} failed: ${refusal(status, message, place)}`, cause);
}

function refusal(status: number, message: string, place: string): string {
  if (status === 404) {
    return `Qdrant at ${place} answered 404: ${message}. Somebody deleted the collection, or there is no Qdrant; ingest again.`;
  }
  if (status === 413)
    return `a request was too large for ${place}. Lower qdrant.batchSize, or raise its limit.`;
  if (/index required|strict mode/i.test(message)) {
    return `${place} runs in strict mode and refuses it: ${message}. Allow filters without an index for this collection.`;
  }
  return `Qdrant at ${place} answered ${status}: ${message}.`;
}
