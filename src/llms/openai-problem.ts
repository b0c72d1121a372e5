import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';

/** What went wrong with a call, whoever made it and whatever is to be said about it. */
export type OpenAIProblemKind =
  | 'unreachable'
  | 'slow'
  | 'key'
  | 'denied'
  | 'unknown model'
  | 'no credit'
  | 'throttled'
  | 'held back'
  | 'too long'
  | 'too large'
  | 'trouble'
  | 'refused'
  | 'broken off'
  | 'damaged'
  | 'other';

/** A failed call of an OpenAI-compatible server, understood. */
export interface OpenAIProblem {
  readonly kind: OpenAIProblemKind;
  /** The server's words, with the status first, short enough for one sentence and without secrets. */
  readonly said: string;
  /** For the cause of an error: what was thrown, or where that shows a secret, what it says without. */
  readonly cause: unknown;
}

const TOO_LONG =
  /context.?(length|size|window)|context the overflows|too many (prompt |input )?tokens|tokens? (limit|per request)|max(imum)?[\w ]* tokens|tokens? .*(exceed|longer)|(input|prompt) is too (large|long)|max_(model|seq)_len/i;
const UNKNOWN_MODEL = /model[^.]* (does not exist|not found|is not available)|(invalid|unknown) model/i;
const BROKEN_OFF = /terminated|aborted|other side closed|premature|socket|ECONNRESET|EPIPE/i;

/** Understands what the client of OpenAI threw: at the call, and from inside a stream. */
export function openAIProblem(error: unknown, secrets: readonly string[] = []): OpenAIProblem {
  const hide = (text: string): string =>
    secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
  const problem = (kind: OpenAIProblemKind, words: string): OpenAIProblem => ({
    kind,
    said: shortened(hide(words)),
    cause: withoutSecrets(error, hide),
  });
  if (error instanceof APIConnectionTimeoutError) return problem('slow', reasonOf(error));
  if (error instanceof APIConnectionError) return problem('unreachable', reasonOf(error));
  if (error instanceof APIError) return problem(kindOf(error), error.message);
  if (error instanceof SyntaxError) return problem('damaged', 'what came is no JSON');
  const reason = reasonOf(error);
  return problem(BROKEN_OFF.test(`${String(error)} ${reason}`) ? 'broken off' : 'other', reason);
}

function kindOf(error: APIError): OpenAIProblemKind {
  const { message } = error;
  const status = statusOf(error);
  const code = String(error.code);
  if (code === 'content_filter' || code === 'content_policy_violation') return 'held back';
  if (status === 401) return 'key';
  if (code === 'insufficient_quota' || status === 402) return 'no credit';
  if (status === 403) return 'denied';
  if (status === 404) return 'unknown model';
  if (status === 429) return 'throttled';
  // Before the other statuses: servers say so with 400, 413, 422 and 500 alike.
  if (code === 'context_length_exceeded' || TOO_LONG.test(message)) return 'too long';
  if (status === 413) return 'too large';
  if (status === 400 && (code === 'model_not_found' || UNKNOWN_MODEL.test(message))) return 'unknown model';
  if (status === 408 || status === 504) return 'slow';
  if (status === 409 || (status >= 500 && status !== 501)) return 'trouble';
  return status === 0 ? 'other' : 'refused';
}

/** The status; inside a stream, where there is none, what the error says of itself. 0 where nobody says. */
function statusOf({ status, code, type }: APIError): number {
  if (typeof status === 'number') return status;
  const told = Number(code ?? Number.NaN);
  if (Number.isInteger(told) && told >= 400 && told < 600) return told;
  const words = `${String(code)} ${String(type)}`;
  if (/rate.?limit|too.?many.?requests|throttl/i.test(words)) return 429;
  if (/server.?error|overloaded|unavailable/i.test(words)) return 503;
  return /invalid.?request|bad.?request/i.test(words) ? 400 : 0;
}

function shortened(words: string): string {
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, 300).replace(/\.$/, '');
}

/** The innermost cause says most: "fetch failed" says nothing. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0];
  if (!(inner instanceof Error)) return String(inner);
  const { code } = inner as NodeJS.ErrnoException;
  return inner.message || code || inner.name;
}

/** Keeps the headers, where the wait that a server asks for stands. */
function withoutSecrets(error: unknown, hide: (text: string) => string): unknown {
  if (!(error instanceof APIError)) return error;
  const shown = JSON.stringify([error.message, error.error]);
  if (hide(shown) === shown) return error;
  const { status, headers } = error;
  return Object.assign(new Error(hide(error.message)), { status, headers });
}
