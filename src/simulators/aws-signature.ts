import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The key pair that requests have to be signed with. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Required in every request where it is set; any is taken where it is not. */
  readonly sessionToken?: string;
}

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** As sent, still encoded, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** What a signature is checked against. */
export interface SignatureCheck {
  readonly credentials: SigningCredentials;
  /** As in `bedrock`. */
  readonly service: string;
  /** Any region where it is not set. */
  readonly region?: string;
  readonly nowMs: number;
}

/** Why a request is refused, in the words of AWS. */
export interface SignatureRefusal {
  readonly type: string;
  readonly message: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 5 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;
const WRONG_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/** Checks the Signature Version 4 of a request as AWS does; nothing is given where it is right. */
export function checkSignature(request: SignedRequest, check: SignatureCheck): SignatureRefusal | undefined {
  const authorization = single(request.headers['authorization']);
  if (authorization === undefined) {
    return { type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' };
  }
  const [, accessKeyId, day = '', region = '', service = '', signedHeaders = '', signature = ''] =
    AUTHORIZATION.exec(authorization) ?? [];
  if (accessKeyId === undefined) {
    return {
      type: 'IncompleteSignatureException',
      message: `Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters. Authorization=${authorization.split(' ', 1)[0] ?? ''}`,
    };
  }
  const { credentials } = check;
  const { sessionToken } = credentials;
  const isKnown =
    accessKeyId === credentials.accessKeyId &&
    (sessionToken === undefined || single(request.headers['x-amz-security-token']) === sessionToken);
  if (!isKnown) {
    return {
      type: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    };
  }
  const names = signedHeaders.split(';');
  const longDate = single(request.headers['x-amz-date']) ?? '';
  const refusal =
    checkScope({ day, region, service, longDate }, check) ??
    checkNames(names) ??
    checkTime(longDate, check.nowMs);
  if (refusal !== undefined) return refusal;
  const expected = signatureOf(request, {
    secret: credentials.secretAccessKey,
    scope: { day, region, service },
    names,
    longDate,
  });
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
    ? undefined
    : { type: 'InvalidSignatureException', message: WRONG_SIGNATURE };
}

/** What a signature is good for. */
export interface Scope {
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

/** The signature a request should have; the names are those of the headers that are signed, in their order. */
export function signatureOf(
  request: SignedRequest,
  {
    secret,
    scope,
    names,
    longDate,
  }: {
    readonly secret: string;
    readonly scope: Scope;
    readonly names: readonly string[];
    /** As in `20150830T123600Z`. */
    readonly longDate: string;
  },
): Buffer {
  const { day, region, service } = scope;
  const credentialScope = `${day}/${region}/${service}/aws4_request`;
  const toSign = [ALGORITHM, longDate, credentialScope, sha256(canonicalRequest(request, names))].join('\n');
  return createHmac('sha256', signingKey(secret, scope)).update(toSign).digest();
}

function checkScope(
  { day, region, service, longDate }: Scope & { readonly longDate: string },
  check: SignatureCheck,
): SignatureRefusal | undefined {
  const type = 'InvalidSignatureException';
  if (service !== check.service) {
    return { type, message: `Credential should be scoped to correct service: '${check.service}'. ` };
  }
  if (check.region !== undefined && region !== check.region) {
    return { type, message: `Credential should be scoped to a valid region. ` };
  }
  if (!longDate.startsWith(day)) {
    return {
      type,
      message: `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${longDate}'`,
    };
  }
  return undefined;
}

function checkNames(names: readonly string[]): SignatureRefusal | undefined {
  // HTTP/2 has no host; the SDK signs what stands in for it.
  const isComplete = (names.includes('host') || names.includes(':authority')) && names.includes('x-amz-date');
  if (isComplete) return undefined;
  return {
    type: 'InvalidSignatureException',
    message: `'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.`,
  };
}

function checkTime(longDate: string, nowMs: number): SignatureRefusal | undefined {
  const type = 'InvalidSignatureException';
  const signedMs = Date.parse(
    longDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  const now = basicIso(nowMs);
  if (Number.isNaN(signedMs)) {
    return {
      type: 'IncompleteSignatureException',
      message: `Date must be in ISO-8601 'basic format'. Got '${longDate}'.`,
    };
  }
  if (signedMs < nowMs - MAX_SKEW_MS) {
    const limit = basicIso(nowMs - MAX_SKEW_MS);
    return { type, message: `Signature expired: ${longDate} is now earlier than ${limit} (${now} - 5 min.)` };
  }
  if (signedMs > nowMs + MAX_SKEW_MS) {
    const limit = basicIso(nowMs + MAX_SKEW_MS);
    return {
      type,
      message: `Signature not yet current: ${longDate} is still later than ${limit} (${now} + 5 min.)`,
    };
  }
  return undefined;
}

function canonicalRequest({ method, path, headers, body }: SignedRequest, names: readonly string[]): string {
  const [pathname = '', query = ''] = path.split('?', 2);
  const lines = names.map((name) => `${name}:${headerOf(headers, name)}\n`);
  return [
    method,
    canonicalPath(pathname),
    canonicalQuery(query),
    lines.join(''),
    names.join(';'),
    sha256(body),
  ].join('\n');
}

function headerOf(headers: SignedRequest['headers'], name: string): string {
  const fallback = name === 'host' ? headers[':authority'] : undefined;
  const value = headers[name] ?? fallback ?? '';
  return (typeof value === 'string' ? value : value.join(',')).trim().replaceAll(/\s+/g, ' ');
}

/** Every service but S3 encodes the encoded path once more. */
function canonicalPath(pathname: string): string {
  const segments: string[] = [];
  for (const segment of pathname.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encodeStrictly(segment));
  }
  const isFolder = segments.length > 0 && pathname.endsWith('/');
  return `/${segments.join('/')}${isFolder ? '/' : ''}`;
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
    .sort()
    .join('&');
}

function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function signingKey(secret: string, { day, region, service }: Scope): Buffer {
  return [day, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

const basicIso = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '');

const single = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' || value === undefined ? value : value.join(',');
