import { CitestreamError, type ErrorCode } from '../errors.ts';
import { type OpenAIProblem, type OpenAIProblemKind, openAIProblem } from './openai-problem.ts';

/** Which model failed, for the sentence about it. */
export interface FailedOpenAICall {
  readonly name: string;
  readonly model: string;
  readonly url: string;
  /** What no message may show. */
  readonly secrets: readonly string[];
}

type Sentence = (call: FailedOpenAICall & OpenAIProblem) => string;

const FAILURES: Readonly<Record<OpenAIProblemKind, readonly [code: ErrorCode, sentence: Sentence]>> = {
  unreachable: [
    'UPSTREAM_UNAVAILABLE',
    ({ name, url, said }) =>
      `${name} cannot be reached at ${url} (${said}). Start it, or correct the address.`,
  ],
  slow: [
    'TIMEOUT',
    ({ name, url, said }) => `${name} at ${url} took too long (${said}). Ask for less, or try again later.`,
  ],
  key: [
    'CREDENTIALS',
    ({ name, url, said }) =>
      `${name} at ${url} refuses the key (${said}). Set OPENAI_API_KEY to a valid one.`,
  ],
  denied: [
    'ACCESS_DENIED',
    ({ name, url, said }) =>
      `${name} at ${url} may not be used with this key (${said}). Ask for access to the model, or use another key.`,
  ],
  'unknown model': [
    'MODEL_NOT_FOUND',
    ({ model, url, said }) =>
      `${url} has no model ${model} (${said}). Correct the model's name, or the address: it is the root of the API and often ends in /v1.`,
  ],
  'no credit': [
    'ACCESS_DENIED',
    ({ name, said }) =>
      `The account behind ${name} has no credit left (${said}). Top it up, or use another key.`,
  ],
  throttled: [
    'THROTTLED',
    ({ name, said }) =>
      `${name} gets too many calls or tokens (${said}). Try again later, lower generation.maxConcurrent, or ask its provider for a higher limit.`,
  ],
  'held back': [
    'LLM_FAILED',
    ({ name, said }) => `The provider of ${name} held the answer back (${said}). Ask in other words.`,
  ],
  'too long': ['CONTEXT_OVERFLOW', tooLong],
  'too large': ['CONTEXT_OVERFLOW', tooLong],
  trouble: [
    'UPSTREAM_UNAVAILABLE',
    ({ name, url, said }) => `${name} at ${url} is in trouble (${said}). Try again in a moment.`,
  ],
  refused: [
    'CONFIGURATION',
    ({ name, url, said }) =>
      `${name} at ${url} refuses the request as it is (${said}). Correct the settings generation.… that it names, or ask another model.`,
  ],
  'broken off': [
    'UPSTREAM_UNAVAILABLE',
    ({ name, said }) => `The connection to ${name} broke off inside its answer (${said}). Try again.`,
  ],
  damaged: [
    'UPSTREAM_UNAVAILABLE',
    ({ name, said }) => `The answer of ${name} arrived damaged (${said}). Try again.`,
  ],
  other: [
    'LLM_FAILED',
    ({ name, said }) => `${name} failed (${said}). Try again; if it stays, ask another model.`,
  ],
};

function tooLong({ name, said }: { readonly name: string; readonly said: string }): string {
  return `The question and its sources are longer than ${name} reads (${said}). Set generation.contextWindow to what the model has, or lower retrieval.topK or chat.historyTokens.`;
}

/** What the client of an OpenAI-compatible server threw, as an error of the house that says what to do. */
export function openAIFailure(error: unknown, call: FailedOpenAICall): CitestreamError {
  if (error instanceof CitestreamError) return error;
  const problem = openAIProblem(error, call.secrets);
  const [code, sentence] = FAILURES[problem.kind];
  return new CitestreamError(code, sentence({ ...call, ...problem }), { cause: problem.cause });
}

/** Whether a provider's filter held the prompt back: an answer of a kind, and no failure. */
export function isHeldBack(error: unknown): boolean {
  return openAIProblem(error).kind === 'held back';
}
