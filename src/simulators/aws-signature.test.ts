import { describe, expect, it } from 'vitest';
import { checkSignature, type SignedRequest } from './aws-signature.ts';

/** From the test suite that AWS publishes for Signature Version 4. */
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const check = { credentials, service: 'service', nowMs: Date.UTC(2015, 7, 30, 12, 36, 0) };
const GET_VANILLA = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31';
const POST_VANILLA = '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b';

function signed(change: Partial<SignedRequest> = {}, signature = GET_VANILLA): SignedRequest {
  return {
    method: 'GET',
    path: '/',
    body: Buffer.alloc(0),
    ...change,
    headers: {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
      ...change.headers,
    },
  };
}

describe('a signature', () => {
  it('of the published examples is right', () => {
    expect(checkSignature(signed(), check)).toBeUndefined();
    expect(checkSignature(signed({ method: 'POST' }, POST_VANILLA), check)).toBeUndefined();
  });

  it.each([
    ['another method', { method: 'PUT' }],
    ['another path', { path: '/model' }],
    ['a query', { path: '/?a=1' }],
    ['a body', { body: Buffer.from('x') }],
    ['another host', { headers: { host: 'example.com' } }],
  ])('is wrong for %s', (_, change) => {
    expect(checkSignature(signed(change), check)).toMatchObject({ type: 'InvalidSignatureException' });
  });

  it('is refused without any, and with one that is no signature', () => {
    const type = (authorization: string | undefined) =>
      checkSignature(signed({ headers: { authorization } }), check)?.type;
    expect(type(undefined)).toBe('MissingAuthenticationTokenException');
    expect(type('Basic abc')).toBe('IncompleteSignatureException');
  });

  it('is refused for another region, service or key, and more than five minutes from now', () => {
    const refusal = (change: Partial<Parameters<typeof checkSignature>[1]>) =>
      checkSignature(signed(), { ...check, ...change });
    expect(refusal({ region: 'eu-west-1' })?.message).toContain('valid region');
    expect(refusal({ service: 'bedrock' })?.message).toContain('correct service');
    expect(refusal({ credentials: { ...credentials, accessKeyId: 'OTHER' } })?.type).toBe(
      'UnrecognizedClientException',
    );
    expect(refusal({ nowMs: check.nowMs + 301_000 })?.message).toContain(
      'Signature expired: 20150830T123600Z',
    );
    expect(refusal({ nowMs: check.nowMs - 301_000 })?.message).toContain('Signature not yet current');
    expect(refusal({ nowMs: check.nowMs + 299_000 })).toBeUndefined();
  });

  it('needs the session token where there is one', () => {
    const withToken = { ...check, credentials: { ...credentials, sessionToken: 'token' } };
    expect(checkSignature(signed(), withToken)?.type).toBe('UnrecognizedClientException');
    expect(
      checkSignature(signed({ headers: { 'x-amz-security-token': 'token' } }), withToken),
    ).toBeUndefined();
  });
});
