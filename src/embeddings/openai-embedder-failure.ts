import { CitestreamError, type ErrorCode } from '../errors.ts';
import { type OpenAIProblem, type OpenAIProblemKind, openAIProblem } from '../llms/openai-problem.ts';

/** Which embedder failed, for the sentence about it. */
export interface FailedEmbedder {
  readonly name: string;
  readonly model: string;
  readonly url: string;
  /** What no message may show. */
  readonly secrets: readonly string[];
}

const TOO_MANY_TEXTS = /batch.?size|too many (inputs|texts)|array too long|at most \d+ (inputs|items)/i;

type Sentence = (embedder: FailedEmbedder & OpenAIProblem) => string;

const refuses: Sentence = ({ name, url, said }) =>
  `The embedder ${name} at ${url} refuses the call (${said}).`;
const fails: Sentence = ({ name, said }) => `The embedder ${name} failed: ${said}.`;
const isInTrouble: Sentence = ({ name, url, said }) =>
  `The embedder ${name} at ${url} is in trouble (${said}).`;

const FAILURES: Readonly<Record<OpenAIProblemKind, readonly [code: ErrorCode, sentence: Sentence]>> = {
  unreachable: [
    'UPSTREAM_UNAVAILABLE',
    ({ name, url, said }) =>
      `The embedder ${name} cannot be reached at ${url}: ${said}. Start it, or correct the address.`,
  ],
  slow: ['UPSTREAM_UNAVAILABLE', isInTrouble],
  key: [
    'CREDENTIALS',
    ({ name, url, said }) =>
      `The embedder ${name} at ${url} refuses the key (${said}). Set OPENAI_API_KEY to a valid one.`,
  ],
  denied: [
    'ACCESS_DENIED',
    ({ name, url, said }) =>
      `The embedder ${name} at ${url} may not be used with this key (${said}). Ask for access to the model, or use another key.`,
  ],
  'unknown model': [
    'MODEL_NOT_FOUND',
    ({ model, url, said }) =>
      `${url} has no model ${model} for embeddings (${said}). Correct the model's name, or the address: it often ends in /v1.`,
  ],
  'no credit': [
    'EMBEDDER_FAILED',
    ({ name, said }) => `The account behind ${name} has no credit left (${said}). Top it up.`,
  ],
  throttled: ['THROTTLED', ({ name, said }) => `The embedder ${name} gets too many calls (${said}).`],
  'held back': ['EMBEDDER_FAILED', refuses],
  'too long': [
    'CONTEXT_OVERFLOW',
    ({ name, said }) =>
      `A text is longer than the embedder ${name} reads (${said}). Ingest with a smaller chunk.size.`,
  ],
  'too large': ['TOO_LARGE', ({ name, said }) => `The embedder ${name} takes smaller calls only (${said}).`],
  trouble: ['UPSTREAM_UNAVAILABLE', isInTrouble],
  refused: ['EMBEDDER_FAILED', refuses],
  'broken off': ['UPSTREAM_UNAVAILABLE', isInTrouble],
  damaged: ['EMBEDDER_FAILED', fails],
  other: ['EMBEDDER_FAILED', fails],
};

const ABOUT_THE_CALL: ReadonlySet<OpenAIProblemKind> = new Set([
  'too long',
  'too large',
  'unknown model',
  'trouble',
  'refused',
]);

/** What the client of an OpenAI-compatible server threw, as an error of the house that says what to do. */
export function openAIEmbedderFailure(error: unknown, embedder: FailedEmbedder): CitestreamError {
  if (error instanceof CitestreamError) return error;
  const problem = openAIProblem(error, embedder.secrets);
  const { kind, said, cause } = problem;
  if (ABOUT_THE_CALL.has(kind) && TOO_MANY_TEXTS.test(said)) {
    const sentence = `The embedder ${embedder.name} takes fewer texts in one call (${said}).`;
    return new CitestreamError('TOO_LARGE', sentence, { cause });
  }
  const [code, sentence] = FAILURES[kind];
  return new CitestreamError(code, sentence({ ...embedder, ...problem }), { cause });
}
