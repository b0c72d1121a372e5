import { CitestreamError, type ErrorCode } from '../errors.ts';
import { EventStreamError } from './event-stream-decoder.ts';

/** Which model failed at what, for the sentence about it. */
export interface FailedBedrockCall {
  /** As in `bedrock-converse:anthropic.claude-…`. */
  readonly name: string;
  readonly model: string;
  /** What IAM calls the operation, as in `bedrock:InvokeModelWithResponseStream`. */
  readonly action: string;
}

/** What the SDK's errors have in common; what it throws itself has no metadata. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

interface Rule {
  readonly code: ErrorCode;
  /** The error's name. */
  readonly named: RegExp;
  /** What the error's message says, where the name alone does not tell. */
  readonly saying?: RegExp;
  readonly sentence: (call: FailedBedrockCall & { readonly said: string }) => string;
}

/** The first that fits counts. */
const RULES: readonly Rule[] = [
  {
    code: 'CREDENTIALS',
    named: /^ExpiredToken(Exception)?$/,
    sentence: ({ said }) =>
      `The AWS credentials have expired (${said}). Renew them, as with aws sso login, or set AWS_PROFILE to a profile that renews itself.`,
  },
  {
    code: 'CREDENTIALS',
    named:
      /^(CredentialsProviderError|TokenProviderError|UnrecognizedClientException|InvalidSignatureException|MissingAuthenticationToken(Exception)?|IncompleteSignature(Exception)?|InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure)$/,
    sentence: ({ said }) =>
      `Bedrock does not accept the AWS credentials (${said}). Set AWS_PROFILE or valid keys; the machine's clock may also be wrong.`,
  },
  {
    code: 'CONFIGURATION',
    named: /./,
    saying: /^Region is missing/,
    sentence: () => 'Bedrock needs a region, and none is set. Set AWS_REGION or bedrock.region.',
  },
  {
    code: 'THROTTLED',
    named:
      /^(ThrottlingException|TooManyRequestsException|Throttling|RequestLimitExceeded|ServiceQuotaExceededException)$/,
    sentence: ({ name, said }) =>
      `${name} gets too many calls or tokens (${said}). Try again later, lower generation.maxConcurrent, or ask AWS for a higher quota.`,
  },
  {
    code: 'ACCESS_DENIED',
    named: /^AccessDenied(Exception)?$/,
    saying: /access to the model/i,
    sentence: ({ model, said }) =>
      `${model} is not enabled for this account (${said}). Request access to it in the Bedrock console, in the region that is used.`,
  },
  {
    code: 'ACCESS_DENIED',
    named: /^AccessDenied(Exception)?$/,
    sentence: ({ model, action, said }) =>
      `AWS does not let you use ${model} (${said}). Allow ${/bedrock:\w+/.exec(said)?.[0] ?? action} on it in the IAM policy, and on every region's model behind an inference profile.`,
  },
  {
    code: 'MODEL_NOT_FOUND',
    named: /^ResourceNotFoundException$/,
    sentence: notFound,
  },
  {
    code: 'MODEL_NOT_FOUND',
    named: /^ValidationException$/,
    saying:
      /model identifier is invalid|on-demand throughput|inference profile|end of its life|isn't supported/i,
    sentence: notFound,
  },
  {
    code: 'CONTEXT_OVERFLOW',
    named: /^(ValidationException|ModelErrorException)$/,
    saying:
      /too long|too many (input )?tokens|context (length|window|limit)|max(imum)? (context|input|prompt|number of (input )?tokens)|tokens? (limit|>|exceed)|exceeds? .*tokens/i,
    sentence: ({ name, said }) =>
      `The question and its sources are longer than ${name} reads (${said}). Set generation.contextWindow to what the model has, or lower retrieval.topK or chat.historyTokens.`,
  },
  {
    code: 'CONFIGURATION',
    named: /^ValidationException$/,
    sentence: ({ name, said }) =>
      `${name} refuses the request as it is (${said}). Correct the settings generation.… and bedrock.… that it names, or ask another model.`,
  },
  {
    code: 'TIMEOUT',
    named: /^ModelTimeoutException$/,
    sentence: ({ name, said }) =>
      `${name} took longer than Bedrock allows (${said}). Ask for less, or try again.`,
  },
  {
    code: 'UPSTREAM_UNAVAILABLE',
    named:
      /^(InternalServerException|ServiceUnavailableException|ModelNotReadyException|InternalFailure|ServiceUnavailable)$/,
    sentence: ({ name, said }) => `Bedrock is in trouble with ${name} (${said}). Try again in a moment.`,
  },
  {
    code: 'LLM_FAILED',
    named: /^Model(Stream)?ErrorException$/,
    sentence: ({ name, said }) =>
      `The model of ${name} failed (${said}). Try again; if it stays, ask another model.`,
  },
];

/** What the AWS SDK or a stream of Bedrock threw, as an error of the house that says what to do. */
export function bedrockFailure(error: unknown, call: FailedBedrockCall): CitestreamError {
  if (error instanceof CitestreamError) return error;
  const failure = (code: ErrorCode, sentence: string) =>
    new CitestreamError(code, sentence, { cause: error });
  const { name } = call;
  if (!(error instanceof Error)) return failure('LLM_FAILED', `${name} failed: ${String(error)}.`);
  const said = wordsOf(error);
  const rule = RULES.find(
    ({ named, saying }) => named.test(error.name) && (saying === undefined || saying.test(error.message)),
  );
  if (rule !== undefined) return failure(rule.code, rule.sentence({ ...call, said }));
  if (error instanceof EventStreamError || error instanceof SyntaxError) {
    return failure('UPSTREAM_UNAVAILABLE', `The answer of ${name} arrived damaged (${said}). Try again.`);
  }
  const status = (error as SdkError).$metadata?.httpStatusCode;
  if (status === undefined) {
    return failure(
      'UPSTREAM_UNAVAILABLE',
      `The connection to Bedrock for ${name} failed (${said}). Check the network, AWS_REGION and AWS_ENDPOINT_URL_BEDROCK_RUNTIME.`,
    );
  }
  if (status === 429) return failure('THROTTLED', `${name} gets too many calls (${said}). Try again later.`);
  if (status >= 500) return failure('UPSTREAM_UNAVAILABLE', `Bedrock is in trouble with ${name} (${said}).`);
  return failure('LLM_FAILED', `${name} refuses the call (${said}).`);
}

function notFound({ model, said }: { readonly model: string; readonly said: string }): string {
  return `Bedrock cannot call ${model} in this region (${said}). Correct the id or AWS_REGION; some models are called by an inference profile only, as in us.${model.replace(/^[a-z]{2,6}\.(?=[a-z\d]+\.)/, '')}.`;
}

/** The service's words, short enough for one sentence. */
function wordsOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const words = error.message
    .replace(/\n\s*Deserialization error: .*/s, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
    .replace(/\.$/, '');
  return words || code || error.name;
}
