import type { BedrockFault, BedrockFaultKind } from './bedrock-faults.ts';

/** An error as Bedrock answers it. */
export interface BedrockRefusal {
  readonly status: number;
  /** As in `ThrottlingException`. */
  readonly type: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of the error beside its message. */
  readonly members?: Readonly<Record<string, unknown>>;
}

const CORAL = 'http://internal.amazon.com/coral/com.amazon';

/** The errors of the gate in front of the service; the others are Bedrock's own. */
const GATE_TYPES: ReadonlySet<string> = new Set([
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'MissingAuthenticationTokenException',
  'IncompleteSignatureException',
  'UnknownOperationException',
]);

/** The value of `x-amzn-errortype`, whose name ends at the colon. */
export function errorTypeHeader(type: string): string {
  return `${type}:${CORAL}.${GATE_TYPES.has(type) ? 'coral.service' : 'bedrock'}/`;
}

/** What Bedrock says to a request that it cannot take as it is. */
export const validationError = (message: string): BedrockRefusal => ({
  status: 400,
  type: 'ValidationException',
  message,
});

/** What Bedrock says when a prompt has more tokens than the model reads. */
export const contextOverflow = (tokens: number, maximum: number): BedrockRefusal =>
  validationError(
    `The model returned the following errors: prompt is too long: ${tokens} tokens > ${maximum} maximum`,
  );

const THROTTLED = 'Too many requests, please wait before trying again.';

/** What the quota of streams says. */
export const QUOTA_REFUSAL: BedrockRefusal = { status: 429, type: 'ThrottlingException', message: THROTTLED };

const REFUSALS: Readonly<Partial<Record<BedrockFaultKind, BedrockRefusal>>> = {
  throttle: QUOTA_REFUSAL,
  'internal-server-error': {
    status: 500,
    type: 'InternalServerException',
    message: 'The system encountered an unexpected error during processing. Try your request again.',
  },
  'service-unavailable': {
    status: 503,
    type: 'ServiceUnavailableException',
    message: 'Bedrock is unable to process your request.',
  },
  'model-not-ready': {
    status: 429,
    type: 'ModelNotReadyException',
    message: 'The model is not ready for inference. Wait and try your request again.',
  },
  'model-timeout': {
    status: 408,
    type: 'ModelTimeoutException',
    message: 'Model processing exceeded the model timeout. Try your request again.',
  },
  'model-error': {
    status: 424,
    type: 'ModelErrorException',
    message: 'The model returned an error while it processed the request. Try your request again.',
    members: { originalStatusCode: 500 },
  },
  validation: validationError(
    'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
  ),
  'context-overflow': validationError('Input is too long for requested model.'),
  'expired-token': {
    status: 403,
    type: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  },
  'invalid-signature': {
    status: 403,
    type: 'InvalidSignatureException',
    message:
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  },
};

/** What a fault answers with before the first byte of an answer; nothing where it breaks it in another way. */
export function refusalOf(
  fault: BedrockFault,
  { action, modelId, region }: { readonly action: string; readonly modelId: string; readonly region: string },
): BedrockRefusal | undefined {
  const refusal = named(fault.kind, { action, modelId, region });
  if (refusal === undefined) return undefined;
  const { message = refusal.message, retryAfterSeconds } = fault;
  return retryAfterSeconds === undefined
    ? { ...refusal, message }
    : { ...refusal, message, headers: { 'retry-after': String(retryAfterSeconds) } };
}

function named(
  kind: BedrockFaultKind,
  { action, modelId, region }: { readonly action: string; readonly modelId: string; readonly region: string },
): BedrockRefusal | undefined {
  if (kind === 'access-denied') {
    const model = modelId.startsWith('arn:')
      ? modelId
      : `arn:aws:bedrock:${region}::foundation-model/${modelId}`;
    return {
      status: 403,
      type: 'AccessDeniedException',
      message: `User: arn:aws:iam::123456789012:user/simulated is not authorized to perform: bedrock:${action} on resource: ${model} because no identity-based policy allows the bedrock:${action} action`,
    };
  }
  if (kind === 'model-not-found') {
    return {
      status: 404,
      type: 'ResourceNotFoundException',
      message: `The specified model ${modelId} could not be found. Check the model identifier and try your request again.`,
    };
  }
  return REFUSALS[kind];
}

/** An exception as a stream carries it. */
export interface StreamException {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The same as an answer to a request that does not stream. */
  readonly refusal: BedrockRefusal;
}

const INSIDE: Readonly<Partial<Record<BedrockFaultKind, BedrockFaultKind>>> = {
  'throttle-inside': 'throttle',
  'internal-server-error-inside': 'internal-server-error',
  'service-unavailable-inside': 'service-unavailable',
  'validation-inside': 'validation',
};

/** What a fault puts into the stream as its last message; nothing where it breaks it in another way. */
export function streamExceptionOf({ kind, message }: BedrockFault): StreamException | undefined {
  if (kind === 'model-stream-error') {
    const text = message ?? 'The model has timed out in processing the request. Try your request again.';
    const members = { originalStatusCode: 500, originalMessage: text };
    return {
      type: 'modelStreamErrorException',
      payload: { message: text, ...members },
      refusal: {
        status: 424,
        type: 'ModelErrorException',
        message: text,
        members: { originalStatusCode: 500 },
      },
    };
  }
  const refusal = REFUSALS[INSIDE[kind] ?? kind];
  if (INSIDE[kind] === undefined || refusal === undefined) return undefined;
  const text = message ?? refusal.message;
  const type = refusal.type.charAt(0).toLowerCase() + refusal.type.slice(1);
  return { type, payload: { message: text }, refusal: { ...refusal, message: text } };
}
