import { APIConnectionError, APIError } from 'openai';

import { CitestreamError } from '../errors.ts';

/** Which embedder failed, for the sentence about it. */
export interface FailedEmbedder {
  readonly name: string;
  readonly model: string;
  readonly url: string;
}

const TOO_MANY_TEXTS = /batch.?size|too many (inputs|texts)|array too long|at most \d+ (inputs|items)/i;
const TOO_MANY_TOKENS =
  /context (length|size|window)|too many tokens|tokens? (limit|per request)|max(imum)?[\w ]* tokens|tokens? .*(exceed|longer)|input is too (large|long)|max_(model|seq)_len/i;

/** What the client of an OpenAI-compatible server threw, as an error of the house that says what to do. */
export function openAIEmbedderFailure(error: unknown, embedder: FailedEmbedder): CitestreamError {
  if (error instanceof CitestreamError) return error;
  const { name, url } = embedder;
  if (error instanceof APIConnectionError) {
    return new CitestreamError(
      'UPSTREAM_UNAVAILABLE',
      `The embedder ${name} cannot be reached at ${url}: ${reasonOf(error)}. Start it, or correct the address.`,
      { cause: error },
    );
  }
  if (error instanceof APIError) return answeredFailure(error, embedder);
  return new CitestreamError('EMBEDDER_FAILED', `The embedder ${name} failed: ${reasonOf(error)}.`, {
    cause: error,
  });
}

function answeredFailure(error: APIError, { name, model, url }: FailedEmbedder): CitestreamError {
  const { status = 0 } = error;
  const said = wordsOf(error);
  const failure = (code: ConstructorParameters<typeof CitestreamError>[0], sentence: string) =>
    new CitestreamError(code, sentence, { cause: error });
  if (status === 401) {
    return failure(
      'CREDENTIALS',
      `The embedder ${name} at ${url} refuses the key (${said}). Set OPENAI_API_KEY to a valid one.`,
    );
  }
  if (status === 403) {
    return failure(
      'ACCESS_DENIED',
      `The embedder ${name} at ${url} may not be used with this key (${said}). Ask for access to the model, or use another key.`,
    );
  }
  if (status === 404) {
    return failure(
      'MODEL_NOT_FOUND',
      `${url} has no model ${model} for embeddings (${said}). Correct the model's name, or the address: it often ends in /v1.`,
    );
  }
  if (error.code === 'insufficient_quota') {
    return failure('EMBEDDER_FAILED', `The account behind ${name} has no credit left (${said}). Top it up.`);
  }
  if (status === 429) return failure('THROTTLED', `The embedder ${name} gets too many calls (${said}).`);
  // Before the other statuses: servers say so with 400, 413, 422 and 500 alike.
  if (TOO_MANY_TEXTS.test(said)) {
    return failure('TOO_LARGE', `The embedder ${name} takes fewer texts in one call (${said}).`);
  }
  if (TOO_MANY_TOKENS.test(said)) {
    return failure(
      'CONTEXT_OVERFLOW',
      `A text is longer than the embedder ${name} reads (${said}). Ingest with a smaller chunk.size.`,
    );
  }
  if (status === 413) {
    return failure('TOO_LARGE', `The embedder ${name} takes smaller calls only (${said}).`);
  }
  if (status === 408 || status === 409 || (status >= 500 && status !== 501)) {
    return failure('UPSTREAM_UNAVAILABLE', `The embedder ${name} at ${url} is in trouble (${said}).`);
  }
  return failure('EMBEDDER_FAILED', `The embedder ${name} at ${url} refuses the call (${said}).`);
}

/** The server's words, with its status first, short enough for one sentence. */
function wordsOf(error: APIError): string {
  return error.message.replaceAll(/\s+/g, ' ').slice(0, 300).replace(/\.$/, '');
}

/** The innermost cause says most: "fetch failed" says nothing. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0];
  if (!(inner instanceof Error)) return String(inner);
  const { code } = inner as NodeJS.ErrnoException;
  return (inner.message || code || inner.name).replace(/\.$/, '');
}
