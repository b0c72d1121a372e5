import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exchange } from '../testing/http-client.ts';
import { serveFakeCitestream, type ServedFake } from '../testing/serve-fake-citestream.ts';

describe('a server that is sent tricks', () => {
  let served: ServedFake;
  beforeAll(async () => {
    served = await serveFakeCitestream();
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  const get = async (path: string, headers = ''): Promise<string> =>
    exchange(
      served.address,
      `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}connection: close\r\n\r\n`,
    );

  /** The problem body of an answer that refuses, whose own status is that of its head. */
  function problemOf(answer: string): Record<string, unknown> {
    const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>;
    const status = String(problem['status']);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
    expect(answer).not.toMatch(/root:|node_modules|at \w+ \(/);
    return problem;
  }

  it.each([
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/../../etc/passwd',
    '/documents/%2e%2e%2f%2e%2e',
    '/documents/..',
    '/documents/a%2fb',
    '/documents/a%5cb',
    '/documents/%00',
    '/documents/a%00.md',
    '/documents/%0d%0aset-cookie:x',
    '/documents/%F0%9F%98%80',
    `/documents/${'x'.repeat(201)}`,
    `/documents/${'x'.repeat(5000)}`,
    '/chunks/..%2f..',
    '/chunks/nothing',
    '/chunks/__proto__',
    '/sessions/constructor',
    '/sessions/a%20b',
    '/documents/jobs/nothing',
    '/documents/jobs/nothing/events',
    '/sessions/',
    '/nowhere',
    '//sessions',
    '/SESSIONS',
    '/chat/stream/',
  ])('finds nothing at %s', async (path) => {
    const answer = await get(path);
    const status = { '/sessions/': 200, '/chat/stream/': 405 }[path] ?? 404;
    if (status === 200) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    else expect(problemOf(answer)).toMatchObject({ status });
  });

  it.each(['/documents/%zz', '/documents/%', '/%c0%ae%c0%ae/', '/documents/%ff'])(
    'refuses the broken encoding of %s',
    async (path) => {
      const answer = await get(path);
      expect(problemOf(answer)).toMatchObject({ status: 400 });
      expect(answer.toLowerCase()).toContain('x-content-type-options: nosniff');
    },
  );

  it('refuses headers that are too large with 431', async () => {
    expect(problemOf(await get('/healthz', `x-large: ${'x'.repeat(20_000)}\r\n`))).toMatchObject({
      status: 431,
    });
    expect(problemOf(await get('/healthz', 'x-many: x\r\n'.repeat(2000)))).toMatchObject({ status: 431 });
    expect(problemOf(await get(`/${'x'.repeat(20_000)}`))).toMatchObject({ status: 431 });
  });

  it.each([
    ['a header with a bare line feed in it', 'GET / HTTP/1.1\r\nhost: localhost\r\nx: a\0b\r\n\r\n'],
    ['a name with a blank', 'GET / HTTP/1.1\r\nhost: localhost\r\nbad name: x\r\n\r\n'],
    [
      'two lengths',
      'POST /chat/ HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
    ],
    [
      'a length beside chunks',
      'POST /chat/ HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a negative length', 'POST /chat/ HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n'],
    [
      'a broken chunk',
      'POST /chat/ HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['no HTTP at all', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
    ['a folded request', 'GET / HTTP/9.9\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n'],
  ])('refuses %s with 400 and closes', async (_, request) => {
    expect(await exchange(served.address, request)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('does not give a header back that a client sent to split the answer', async () => {
    const answer = await get('/sessions', 'x-request-id: a%0d%0aset-cookie: b\r\n');
    expect(answer.toLowerCase()).not.toContain('set-cookie');
    expect(answer).toMatch(/x-request-id: [\da-f-]{36}/);
  });

  it("keeps a caller's decent request id", async () => {
    expect(await get('/sessions', 'x-request-id: trace-1.2:3\r\n')).toContain('x-request-id: trace-1.2:3');
  });

  it('answers every one of these and goes on', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, async () => get('/healthz')));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('ends a connection whose headers, or body, do not come in time', async () => {
    await using impatient = await serveFakeCitestream({}, { limits: { requestTimeoutMs: 100 } });
    expect(await exchange(impatient.address, 'GET / HTTP/1.1\r\nhost: local')).toMatch(/^HTTP\/1\.1 408 /);
    const body =
      'POST /chat/ HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"mes';
    expect(await exchange(impatient.address, body)).toMatch(/^HTTP\/1\.1 408 [^]*did not arrive/);
  });
});
