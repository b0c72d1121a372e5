import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TurnEvent } from '../chat/turn-event.ts';
import type { StoredChunk } from '../documents/document.ts';
import { eventsOf, postJson } from '../testing/http-client.ts';
import { serveFakeCitestream, type ServedFake } from '../testing/serve-fake-citestream.ts';

type Json = Record<string, unknown>;

const chunk = (documentId: string, index: number): StoredChunk => ({
  id: `${documentId}#${index}`,
  documentId,
  title: '<script>alert(1)</script>',
  uri: `${documentId}.html`,
  index,
  text: '<script>alert(2)</script>',
  start: 0,
  end: 25,
  tokens: 9,
  metadata: { year: 2026 },
});

describe('the routes of documents and chunks', () => {
  let served: ServedFake;
  beforeAll(async () => {
    served = await serveFakeCitestream({
      chunks: ['a', 'b', 'c'].flatMap((id) => [chunk(id, 0), chunk(id, 1)]),
    });
  });
  afterAll(async () => served[Symbol.asyncDispose]());
  const get = async (path: string): Promise<Response> => fetch(served.address + path);

  it('lists documents in pages, without their paths on this machine', async () => {
    const first = (await (await get('/documents?limit=2')).json()) as {
      documents: Json[];
      next_after: string;
    };
    expect(first.documents.map(({ id }) => id)).toEqual(['a', 'b']);
    const last = (await (await get(`/documents?limit=2&after=${first.next_after}`)).json()) as typeof first;
    expect(last).toMatchObject({ documents: [{ id: 'c', chunk_count: 2, bytes: 1000 }], next_after: null });
    expect(JSON.stringify([first, last])).not.toContain('/papers/');
  });

  it('gives text with markup in it as JSON that no browser runs', async () => {
    const response = await get('/chunks/a%230');
    expect(await response.json()).toMatchObject({ id: 'a#0', text: '<script>alert(2)</script>' });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
  });

  it.each([
    '/documents?limit=0',
    '/documents?limit=-1',
    '/documents?limit=1.5',
    '/documents?limit=1000000000',
    '/documents?limit=1e3',
    '/documents?limit=',
    '/documents?limit=1&limit=2',
    '/documents?lim=1',
    '/documents?after=..%2f',
    '/documents?__proto__=1',
    '/sessions?limit=0',
    '/sessions?offset=-1',
    '/sessions?offset=x',
    '/sessions?offset=99999999999999999999',
    '/sessions/kept?limit=1001',
  ])('refuses %s with 400', async (path) => {
    const response = await get(path);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: 'INVALID_INPUT', errors: [{ path: expect.any(String) }] },
    ]);
  });

  it('finds nothing under ids that are unknown', async () => {
    for (const path of [
      '/documents/x',
      '/chunks/x',
      '/sessions/x',
      '/documents/jobs/x',
      '/documents/jobs/x/events',
    ]) {
      const response = await get(path);
      expect([response.status, await response.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
    for (const path of ['/documents/x', '/sessions/x', '/chat/stream/x']) {
      expect((await fetch(served.address + path, { method: 'DELETE' })).status).toBe(404);
    }
  });

  it('deletes a document once', async () => {
    const remove = async (): Promise<number> =>
      (await fetch(`${served.address}/documents/b`, { method: 'DELETE' })).status;
    expect([await remove(), await remove(), (await get('/documents/b')).status]).toEqual([204, 404, 404]);
  });
});

describe('the routes of sessions', () => {
  it('lists, gives and forgets conversations', async () => {
    await using served = await serveFakeCitestream();
    const { history } = served.citestream;
    for (const [number, sessionId] of ['one', 'two', 'two', 'three'].entries()) {
      await history.beginTurn({ turnId: `turn_${number}`, sessionId, question: `Question ${number}` });
    }
    const json = async (path: string): Promise<Json> =>
      (await fetch(served.address + path)).json() as Promise<Json>;
    expect(await json('/sessions')).toMatchObject({ sessions: { length: 3 }, next_offset: null });
    expect(await json('/sessions?limit=2')).toMatchObject({ sessions: { length: 2 }, next_offset: 2 });
    expect(await json('/sessions?limit=2&offset=2')).toMatchObject({
      sessions: { length: 1 },
      next_offset: null,
    });
    expect(await json('/sessions/two')).toMatchObject({
      id: 'two',
      turn_count: 2,
      turns: [
        { turn_id: 'turn_1', status: 'running', answer: '' },
        { turn_id: 'turn_2', question: 'Question 2' },
      ],
    });
    expect(await json('/sessions/two?limit=1')).toMatchObject({ turns: [{ turn_id: 'turn_2' }] });
    const remove = async (): Promise<number> =>
      (await fetch(`${served.address}/sessions/two`, { method: 'DELETE' })).status;
    expect([await remove(), await remove()]).toEqual([204, 404]);
    expect(await json('/sessions')).toMatchObject({ sessions: { length: 2 } });
  });
});

describe('the routes of the service', () => {
  let served: ServedFake;
  beforeAll(async () => {
    served = await serveFakeCitestream({ chunks: [chunk('a', 0)] });
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  it('is alive and ready', async () => {
    expect(await (await fetch(`${served.address}/healthz`)).json()).toEqual({ status: 'alive' });
    const ready = await (await fetch(`${served.address}/readyz`)).json();
    expect(ready).toEqual({ status: 'ready', documents: 1, chunks: 1 });
  });

  it('is not ready where the store fails, or does not answer in time', async () => {
    for (const count of [
      async () => Promise.reject(new Error('broken')),
      async () => new Promise<never>(() => {}),
    ]) {
      await using broken = await serveFakeCitestream(
        { store: { count } },
        { limits: { readyTimeoutMs: 20 } },
      );
      const response = await fetch(`${broken.address}/readyz`);
      expect([response.status, await response.json()]).toMatchObject([503, { status: 503 }]);
      expect((await fetch(`${broken.address}/healthz`)).status).toBe(200);
    }
  });

  it('counts requests by route, never by address', async () => {
    await (await fetch(`${served.address}/sessions/my-secret-session`)).text();
    await (await fetch(`${served.address}/nowhere/secret`)).text();
    const metrics = async (): Promise<string> => (await fetch(`${served.address}/metrics`)).text();
    await expect
      .poll(metrics)
      .toContain(
        'citestream_http_request_duration_seconds_count{method="GET",route="/sessions/:session_id",status="404"} 1',
      );
    const text = await metrics();
    expect(text).toContain('citestream_event_loop_lag_seconds{quantile="0.99"}');
    expect(text).toContain('route="unknown",status="404"');
    expect(text).not.toContain('secret');
  });

  it('shows a page that may run nothing, whatever the name it is asked under', async () => {
    const response = await fetch(served.address, { headers: { accept: 'text/html' } });
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'/);
    const page = await response.text();
    expect(page).toContain('one document');
    expect(page).not.toMatch(/<script|\son\w+=/);
    await using open = await serveFakeCitestream({}, { host: '0.0.0.0' });
    const { port } = new URL(open.address);
    const tricked = await open.server.app.inject({
      url: '/',
      headers: { host: `"><script>x</script>:${port}` },
    });
    expect(tricked.body).not.toContain('<script');
  });

  it.each(['/', '/healthz', '/documents', '/sessions', '/openapi.json', '/metrics'])(
    'answers HEAD %s as GET, without a body',
    async (path) => {
      const head = await fetch(served.address + path, { method: 'HEAD' });
      const get = await fetch(served.address + path);
      expect([head.status, head.headers.get('content-type')]).toEqual([200, get.headers.get('content-type')]);
      expect(await head.text()).toBe('');
      await get.text();
    },
  );

  it('answers 501 for resuming a stream, and 405 for what no route does', async () => {
    const resumed = await fetch(`${served.address}/chat/stream/turn_1`, {
      headers: { 'last-event-id': '3' },
    });
    expect([resumed.status, await resumed.json()]).toMatchObject([501, { code: 'NOT_IMPLEMENTED' }]);
    const put = await fetch(`${served.address}/documents`, { method: 'PUT', body: 'x' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
  });

  it('stops a running turn by its id', async () => {
    const stopped: string[] = [];
    const ended = Promise.withResolvers<void>();
    await using stoppable = await serveFakeCitestream({
      stop: (turnId) => {
        stopped.push(turnId);
        ended.resolve();
        return turnId === 'turn_7';
      },
      async *answer(): AsyncGenerator<TurnEvent> {
        yield { type: 'turn', turnId: 'turn_7', sessionId: 's', mode: 'async' };
        await ended.promise;
        yield {
          type: 'done',
          finishReason: 'stopped',
          usage: { inputTokens: 0, outputTokens: 0 },
          timings: { queueMs: 0, retrievalMs: 0, firstTokenMs: 0, totalMs: 0 },
          cited: [],
        };
      },
    });
    const response = await postJson(`${stoppable.address}/chat/stream/`, { message: 'How?' });
    expect((await fetch(`${stoppable.address}/chat/stream/turn_7`, { method: 'DELETE' })).status).toBe(204);
    expect((await eventsOf(response)).at(-1)).toMatchObject({ data: { finish_reason: 'stopped' } });
    expect(stopped).toEqual(['turn_7']);
  });
});
