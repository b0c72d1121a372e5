import { CitestreamError, type ErrorCode } from '../errors.ts';

/** Which embedder failed, for the sentence about it. */
export interface FailedBedrockEmbedder {
  readonly name: string;
  readonly model: string;
}

/** What the SDK's errors have in common; what it throws itself has no metadata. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const CREDENTIALS =
  /^(CredentialsProviderError|TokenProviderError|UnrecognizedClientException|InvalidSignatureException|ExpiredToken(Exception)?|MissingAuthenticationToken(Exception)?|IncompleteSignature(Exception)?|InvalidClientTokenId|SignatureDoesNotMatch)$/;
const THROTTLED = /^(ThrottlingException|TooManyRequestsException|Throttling|RequestLimitExceeded)$/;
const IN_TROUBLE = /^(InternalServerException|ServiceUnavailableException|ModelNotReadyException)$/;
const TOO_LONG = /too many input tokens|input is too long|maxLength|too long|maximum.*tokens/i;
const TOO_MANY = /maximum item count|too many texts/i;
const NO_SUCH_MODEL = /model identifier is invalid|on-demand throughput|inference profile|end of its life/i;

/** What the AWS SDK threw when a text was embedded, as an error of the house that says what to do. */
export function bedrockEmbedderFailure(
  error: unknown,
  { name, model }: FailedBedrockEmbedder,
): CitestreamError {
  if (error instanceof CitestreamError) return error;
  const failure = (code: ErrorCode, sentence: string) =>
    new CitestreamError(code, sentence, { cause: error });
  if (!(error instanceof Error)) return failure('EMBEDDER_FAILED', `${name} failed: ${String(error)}.`);
  const said = wordsOf(error);
  const status = (error as SdkError).$metadata?.httpStatusCode;
  if (CREDENTIALS.test(error.name)) {
    return failure(
      'CREDENTIALS',
      `Bedrock does not accept the AWS credentials (${said}). Set AWS_PROFILE or valid keys; a session may have expired, or the clock may be wrong.`,
    );
  }
  if (error.message.startsWith('Region is missing')) {
    return failure('CONFIGURATION', 'Bedrock needs a region, and none is set. Set AWS_REGION.');
  }
  if (THROTTLED.test(error.name)) return failure('THROTTLED', `${name} gets too many calls (${said}).`);
  if (error.name === 'AccessDeniedException') {
    return failure(
      'ACCESS_DENIED',
      `AWS does not let you use ${model} (${said}). Allow bedrock:InvokeModel on it, and request access to the model in the Bedrock console.`,
    );
  }
  const isUnknown = error.name === 'ValidationException' && NO_SUCH_MODEL.test(error.message);
  if (error.name === 'ResourceNotFoundException' || isUnknown) {
    return failure(
      'MODEL_NOT_FOUND',
      `Bedrock cannot call ${model} in this region (${said}). Correct the id or AWS_REGION; some models are called by an inference profile only, as in us.cohere.embed-v4:0.`,
    );
  }
  if (error.name === 'ValidationException' && TOO_MANY.test(error.message)) {
    return failure('TOO_LARGE', `${name} takes fewer texts in one call (${said}).`);
  }
  if (error.name === 'ValidationException' && TOO_LONG.test(error.message)) {
    return failure(
      'CONTEXT_OVERFLOW',
      `A text is longer than ${name} reads (${said}). Ingest with a smaller chunk.size.`,
    );
  }
  if (error.name === 'ModelTimeoutException') {
    return failure('TIMEOUT', `${name} took too long (${said}).`);
  }
  if (IN_TROUBLE.test(error.name) || (status !== undefined && status >= 500)) {
    return failure('UPSTREAM_UNAVAILABLE', `${name} is in trouble (${said}).`);
  }
  if (status === undefined) {
    return failure(
      'UPSTREAM_UNAVAILABLE',
      `Bedrock cannot be reached for ${name} (${said}). Check the network, AWS_REGION and AWS_ENDPOINT_URL_BEDROCK_RUNTIME.`,
    );
  }
  return failure('EMBEDDER_FAILED', `${name} refuses the call (${said}).`);
}

/** The service's words, short enough for one sentence. */
function wordsOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  const words = error.message.replaceAll(/\s+/g, ' ').trim().slice(0, 300).replace(/\.$/, '');
  return words || code || error.name;
}
