import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ChatTurn } from '../chat/chat-engine.ts';
import { shortAnswer } from '../testing/fake-citestream.ts';
import { exchange, postJson } from '../testing/http-client.ts';
import { serveFakeCitestream, type ServedFake } from '../testing/serve-fake-citestream.ts';

const filters = (...members: readonly unknown[]): object => ({ filters: members });

/** Groups inside groups. */
const nested = (depth: number): object =>
  depth === 0 ? filters({ key: 'a', value: 1 }) : filters(nested(depth - 1));

const BAD_BODIES: readonly (readonly [what: string, body: unknown, path: string | undefined])[] = [
  ['no body', '', ''],
  ['null', null, ''],
  ['an array', [], ''],
  ['a string', '"How?"', ''],
  ['no message', {}, 'message'],
  ['an empty message', { message: '' }, 'message'],
  ['a message of blanks', { message: ' \n\t\u00a0' }, 'message'],
  ['a number as message', { message: 1 }, 'message'],
  ['null as message', { message: null }, 'message'],
  ['a list as message', { message: ['How?'] }, 'message'],
  ['a message that is too long', { message: 'x'.repeat(32_001) }, 'message'],
  ['an unknown field', { message: 'How?', topk: 3 }, 'topk'],
  ['an empty session', { message: 'How?', session_id: '' }, 'session_id'],
  ['a session with a path', { message: 'How?', session_id: '../x' }, 'session_id'],
  ['a session with a line break', { message: 'How?', session_id: 'a\r\nb' }, 'session_id'],
  ['a session that is too long', { message: 'How?', session_id: 'x'.repeat(129) }, 'session_id'],
  ['top_k 0', { message: 'How?', top_k: 0 }, 'top_k'],
  ['top_k -1', { message: 'How?', top_k: -1 }, 'top_k'],
  ['top_k 10⁹', { message: 'How?', top_k: 1e9 }, 'top_k'],
  ['top_k 1.5', { message: 'How?', top_k: 1.5 }, 'top_k'],
  ['top_k 1e999', '{"message":"How?","top_k":1e999}', 'top_k'],
  ['top_k as text', { message: 'How?', top_k: '6' }, 'top_k'],
  ['top_k null', { message: 'How?', top_k: null }, 'top_k'],
  ['filters that are a list', { message: 'How?', filters: [] }, 'filters'],
  ['filters without filters', { message: 'How?', filters: {} }, 'filters.filters'],
  ['filters that are empty', { message: 'How?', filters: filters() }, 'filters.filters'],
  [
    'a filter without a key',
    { message: 'How?', filters: filters({ operator: '==', value: 1 }) },
    'filters.filters[0].key',
  ],
  [
    'a filter with an unknown operator',
    { message: 'How?', filters: filters({ key: 'year', operator: '===', value: 1 }) },
    'filters.filters[0].operator',
  ],
  [
    'a filter whose value is an object',
    { message: 'How?', filters: filters({ key: 'year', value: { $gt: 1 } }) },
    'filters.filters[0].value',
  ],
  [
    'an unknown condition',
    { message: 'How?', filters: { condition: 'xor', filters: [{ key: 'a', value: 1 }] } },
    'filters.condition',
  ],
  ['filters that are nested too deeply', { message: 'How?', filters: nested(6) }, undefined],
  [
    'too many filters',
    { message: 'How?', filters: filters(...Array.from({ length: 101 }, () => ({ key: 'a', value: 1 }))) },
    'filters.filters',
  ],
];

describe.each(['/chat/stream/', '/chat/'])('the input of POST %s', (path) => {
  let served: ServedFake;
  const turns: ChatTurn[] = [];

  beforeAll(async () => {
    served = await serveFakeCitestream({
      answer: (turn) => {
        turns.push(turn);
        return shortAnswer(turn);
      },
    });
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  async function refused(response: Response): Promise<Record<string, unknown>> {
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem['status']).toBe(response.status);
    expect(problem['request_id']).toBe(response.headers.get('x-request-id'));
    expect(turns).toHaveLength(0);
    return problem;
  }

  it.each(BAD_BODIES)('refuses %s and names the field', async (_, body, field) => {
    const problem = await refused(await postJson(served.address + path, body));
    expect(problem).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    const [error] = problem['errors'] as { path: string; message: string }[];
    if (field === undefined) expect(error?.path).toMatch(/^filters/);
    else expect(error?.path).toBe(field);
    expect(String(problem['detail']).length).toBeLessThan(1000);
  });

  it('refuses a message of 1 MB by its size', async () => {
    const body = { message: 'x'.repeat(1_000_000) };
    const problem = await refused(await postJson(served.address + path, body));
    expect(problem).toMatchObject({ status: 413, code: 'TOO_LARGE' });
    const { detail } = problem;
    expect(detail).toContain('limit of');
  });

  it('refuses a body that is not JSON, not UTF-8, or packed', async () => {
    const url = served.address + path;
    for (const body of ['{', '{"message": "How?"', "{'message': 'How?'}", '{"message":"How?"} {}', 'How?']) {
      expect(await refused(await postJson(url, body))).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    }
    const latin1 = Buffer.from('{"message":"Où?"}', 'latin1');
    const headers = { 'content-type': 'application/json' };
    expect(await refused(await fetch(url, { method: 'POST', headers, body: latin1 }))).toMatchObject({
      status: 400,
      code: 'INVALID_INPUT',
    });
    const packed = { ...headers, 'content-encoding': 'gzip' };
    const response = await fetch(url, { method: 'POST', headers: packed, body: '{}' });
    expect(await refused(response)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it('refuses JSON so deep that parsing it recursively would fail', async () => {
    const deep = `{"message":"How?","filters":${'{"filters":['.repeat(5000)}${']}'.repeat(5000)}}`;
    expect(await refused(await postJson(served.address + path, deep))).toMatchObject({
      status: 400,
      code: 'INVALID_INPUT',
    });
    expect(await refused(await postJson(served.address + path, '['.repeat(100_000)))).toMatchObject({
      status: 400,
      code: 'INVALID_INPUT',
    });
  });

  it('refuses fields that reach for the prototype', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(
        await refused(await postJson(served.address + path, `{"message":"How?","${key}":{"x":1}}`)),
      ).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
    '',
  ])('refuses the content type "%s"', async (type) => {
    const response = await fetch(served.address + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Buffer.from('{"message":"How?"}'),
    });
    expect(await refused(response)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it('answers 501 for what comes later', async () => {
    const url = served.address + path;
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };
    expect(await refused(await postJson(url, { message: 'How?' }, { headers }))).toMatchObject({
      status: 501,
      code: 'NOT_IMPLEMENTED',
    });
    expect(await refused(await postJson(url, { message: 'How?', on_busy: 'reject' }))).toMatchObject({
      status: 501,
      code: 'NOT_IMPLEMENTED',
    });
  });

  it('takes a body without a length, in pieces', async () => {
    const answer = await exchange(
      served.address,
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json; charset=utf-8\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n` +
        'b\r\n{"message":\r\n7\r\n"How?"}\r\n0\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(turns.splice(0)).toHaveLength(1);
  });

  it('takes the longest message and the largest top_k there may be', async () => {
    const body = { message: 'ä'.repeat(32_000), top_k: 100, session_id: 'x'.repeat(128), filters: nested(5) };
    const response = await postJson(served.address + path, body);
    expect(response.status).toBe(200);
    await response.text();
    expect(turns.splice(0)).toMatchObject([{ topK: 100 }]);
  });
});
