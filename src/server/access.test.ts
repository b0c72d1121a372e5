import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exchange } from '../testing/http-client.ts';
import { serveFakeCitestream, type ServedFake } from '../testing/serve-fake-citestream.ts';

const asked = (host: string, extra = '', method = 'GET', path = '/sessions'): string =>
  `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${extra}connection: close\r\n\r\n`;

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe('a server with keys', () => {
  let served: ServedFake;
  beforeAll(async () => {
    served = await serveFakeCitestream({}, { apiKeys: ['first-key', 'second-key'] });
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  const withKey = async (path: string, authorization?: string, method = 'GET'): Promise<Response> =>
    fetch(served.address + path, {
      method,
      ...(authorization !== undefined && { headers: { authorization } }),
    });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer first',
    'Bearer first-key2',
    'Basic first-key',
    'first-key',
  ])('refuses %s with 401 and says how to send a key', async (authorization) => {
    const response = await withKey('/sessions', authorization);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await response.json()).toMatchObject({ code: 'UNAUTHORIZED', retryable: false });
  });

  it('takes any of its keys, with the scheme in any case', async () => {
    expect((await withKey('/sessions', 'Bearer first-key')).status).toBe(200);
    expect((await withKey('/sessions', 'bearer second-key')).status).toBe(200);
  });

  it.each([
    ['POST', '/chat/stream/'],
    ['POST', '/chat/'],
    ['GET', '/chat/stream/t'],
    ['DELETE', '/chat/stream/t'],
    ['GET', '/sessions/s'],
    ['DELETE', '/sessions/s'],
    ['POST', '/documents'],
    ['GET', '/documents'],
    ['DELETE', '/documents/d'],
    ['GET', '/documents/jobs/j'],
    ['GET', '/documents/jobs/j/events'],
    ['GET', '/chunks/c'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
    ['GET', '/'],
    ['GET', '/nowhere'],
    ['HEAD', '/documents'],
  ])('asks for a key at %s %s', async (method, path) => {
    expect((await withKey(path, undefined, method)).status).toBe(401);
  });

  it.each(['/healthz', '/readyz', '/healthz/', '/healthz?x=1'])(
    'answers the probe %s without one',
    async (path) => {
      expect((await withKey(path)).status).toBe(200);
    },
  );

  it('refuses before it reads what is sent', async () => {
    const head = 'content-type: application/json\r\ncontent-length: 1000000\r\n';
    expect(statusOf(await exchange(served.address, asked('localhost', head, 'POST', '/chat/')))).toBe(401);
  });
});

describe('a server on this machine only', () => {
  let served: ServedFake;
  beforeAll(async () => {
    served = await serveFakeCitestream(
      {},
      { allowedOrigins: ['https://friend.example'], allowedHosts: ['docs.test'] },
    );
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  it.each([
    'evil.example',
    'evil.example:8000',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'localhost.evil.example',
  ])('is not asked under the name %s, which a page may point here', async (host) => {
    const answer = await exchange(served.address, asked(host));
    expect(statusOf(answer)).toBe(403);
    expect(answer).toContain('application/problem+json');
  });

  it.each([
    'localhost',
    'localhost:1',
    'LOCALHOST',
    'localhost.',
    '127.0.0.1:80',
    '127.9.9.9',
    '[::1]:8000',
    'docs.test',
  ])('is asked under the name %s', async (host) => {
    expect(statusOf(await exchange(served.address, asked(host)))).toBe(200);
  });

  it.each(['https://evil.example', 'null', 'http://localhost.evil.example', 'nonsense', 'file://'])(
    'lets no page of %s change anything or read answers',
    async (origin) => {
      const from = `origin: ${origin}\r\n`;
      for (const [method, path] of [
        ['DELETE', '/sessions/s'],
        ['POST', '/chat/'],
        ['POST', '/documents'],
      ] as const) {
        expect(statusOf(await exchange(served.address, asked('localhost', from, method, path)))).toBe(403);
      }
      const read = await exchange(served.address, asked('localhost', from));
      expect(read.toLowerCase()).not.toContain('access-control-allow-origin');
    },
  );

  it('lets no page without an origin change anything from another site', async () => {
    const request = asked('localhost', 'sec-fetch-site: cross-site\r\n', 'DELETE', '/sessions/s');
    expect(statusOf(await exchange(served.address, request))).toBe(403);
  });

  it('lets pages of its own origin and of allowed ones ask', async () => {
    const own = asked('localhost:8000', 'origin: http://localhost:8000\r\n', 'DELETE', '/sessions/s');
    expect(statusOf(await exchange(served.address, own))).toBe(404);
    const friend = await fetch(`${served.address}/sessions`, {
      headers: { origin: 'https://friend.example' },
    });
    expect(friend.headers.get('access-control-allow-origin')).toBe('https://friend.example');
    expect(friend.headers.get('vary')).toBe('origin');
    const preflight = await fetch(`${served.address}/chat/stream/`, {
      method: 'OPTIONS',
      headers: { origin: 'https://friend.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type');
  });

  it('answers a preflight of any other page without leave', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const response = await fetch(`${served.address}/chat/`, { method: 'OPTIONS', headers });
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
  });

  it('lets the pages of allowed origins read streams too', async () => {
    const response = await fetch(`${served.address}/chat/stream/`, {
      method: 'POST',
      headers: { origin: 'https://friend.example', 'content-type': 'application/json' },
      body: '{"message":"How?"}',
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://friend.example');
    expect(await response.text()).toContain('event: done');
  });
});
