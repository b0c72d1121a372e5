import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { EventSourceParserStream } from 'eventsource-parser/stream';
import { describe, expect, it } from 'vitest';

import type { ChatTurn } from '../chat/chat-engine.ts';
import type { TurnEvent } from '../chat/turn-event.ts';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import { shortAnswer } from '../testing/fake-citestream.ts';
import { serveFakeCitestream } from '../testing/serve-fake-citestream.ts';

const TURN: TurnEvent = { type: 'turn', turnId: 'turn_1', sessionId: 'session_1', mode: 'async' };
const DONE: TurnEvent = {
  type: 'done',
  finishReason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1 },
  timings: { queueMs: 0, retrievalMs: 1, firstTokenMs: 2, totalMs: 3 },
  cited: [],
};

async function ask(
  address: string,
  body: object = { message: 'How?' },
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${address}/chat/stream/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  });
}

async function eventsOf(response: Response) {
  const events = [];
  const parsed = response
    .body!.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { id, event, data } of parsed)
    events.push({ id, event, data: JSON.parse(data) as unknown });
  return events;
}

/** Asks over a bare socket, so that the test decides when it reads. */
function askRaw(address: string): Socket {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  const body = '{"message":"How?"}';
  socket.write(
    `POST /chat/stream/ HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

async function readUntil(socket: Socket, text: string): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(String(chunk));
    if (chunks.slice(-2).join('').includes(text)) break;
  }
  return chunks.join('');
}

/** Waits for the turn to be aborted, then ends as an engine does. */
async function* untilAborted(
  { signal }: ChatTurn,
  onAbort: (reason: unknown) => void,
): AsyncGenerator<TurnEvent> {
  yield TURN;
  if (!signal!.aborted) await once(signal!, 'abort');
  onAbort(signal!.reason);
  yield { ...DONE, finishReason: 'stopped' };
}

describe('POST /chat/stream/', () => {
  it('streams the events of the turn, numbered, in snake_case, with previews in place of texts', async () => {
    await using served = await serveFakeCitestream();
    const response = await ask(served.address, { message: 'How?', session_id: 'mine' });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    });
    const events = await eventsOf(response);
    expect(events.map(({ id, event }) => `${id} ${event}`)).toEqual([
      '1 turn',
      '2 sources',
      '3 token',
      '4 token',
      '5 citation',
      '6 done',
    ]);
    expect(events[0]?.data).toEqual({ turn_id: 'turn_1', session_id: 'mine', mode: 'async' });
    const { sources } = events[1]?.data as { sources: Record<string, unknown>[] };
    expect(sources).toEqual([
      {
        id: 1,
        chunk_id: 'chunk_1',
        document_id: 'document_1',
        title: 'Pools',
        uri: 'docs/pools.md',
        page: 2,
        start: 10,
        end: 310,
        score: 1.5,
        preview: expect.stringMatching(/^A pool of workers runs blocking calls\. .*…$/),
      },
    ]);
    expect(events[4]?.data).toEqual({ id: 1, chunk_id: 'chunk_1', at: 21, support: 'supported' });
    expect(events[5]?.data).toEqual({
      finish_reason: 'stop',
      usage: { input_tokens: 12, output_tokens: 7 },
      timings: { queue_ms: 0, retrieval_ms: 3, first_token_ms: 5, total_ms: 9 },
      cited: [1],
    });
  });

  it('answers without the slash at its end too', async () => {
    await using served = await serveFakeCitestream();
    const response = await fetch(`${served.address}/chat/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"message":"How?"}',
    });
    expect(await eventsOf(response)).toHaveLength(6);
  });

  it('passes the question on, trimmed, with its session, top-k and filters', async () => {
    const turns: ChatTurn[] = [];
    await using served = await serveFakeCitestream({
      answer: (turn) => {
        turns.push(turn);
        return shortAnswer(turn);
      },
    });
    const filters = { filters: [{ key: 'year', operator: '>=', value: 1950 }] };
    await eventsOf(
      await ask(served.address, { message: ' How? ', session_id: 'a.b:c-1', top_k: 3, filters }),
    );
    await eventsOf(await ask(served.address));
    expect(turns.map(({ signal: _, ...turn }) => turn)).toEqual([
      { message: 'How?', sessionId: 'a.b:c-1', topK: 3, filters },
      { message: 'How?' },
    ]);
  });

  it('sends events that are ready at the same time in one write', async () => {
    await using served = await serveFakeCitestream();
    const socket = askRaw(served.address);
    const text = await readUntil(socket, '0\r\n\r\n');
    socket.destroy();
    const chunks = text.match(/^[\da-f]+\r$/gm);
    expect(text).toContain('event: done');
    expect(chunks).toHaveLength(2);
    expect(chunks?.at(-1)).toBe('0\r');
  });

  it.each([
    [new CitestreamError('OVERLOADED', 'Too many questions.'), 503, 'OVERLOADED', 'Too many questions.'],
    [
      new CitestreamError('SESSION_BUSY', 'The session is answering.'),
      409,
      'SESSION_BUSY',
      'The session is answering.',
    ],
    [
      new InvalidInputError('The filter is wrong.', { field: 'filters' }),
      400,
      'INVALID_INPUT',
      'The filter is wrong.',
    ],
    [new DOMException('late', 'TimeoutError'), 504, 'TIMEOUT', expect.any(String)],
    [
      new CitestreamError('LLM_FAILED', 'key sk-123 is wrong'),
      502,
      'LLM_FAILED',
      expect.not.stringContaining('sk-123'),
    ],
    [new Error('ENOENT /var/secret'), 500, 'INTERNAL', expect.not.stringContaining('secret')],
  ])('answers a failure before the first event with a status: %s', async (thrown, status, code, detail) => {
    await using served = await serveFakeCitestream({
      // eslint-disable-next-line require-yield -- it fails before it has anything to say
      async *answer() {
        throw thrown;
      },
    });
    const response = await ask(served.address);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(response.headers.has('retry-after')).toBe(status === 503);
    expect(await response.json()).toMatchObject({ type: 'about:blank', status, code, detail });
  });

  it('answers a failure at the call, and one that is the first event, with a status as well', async () => {
    const failures = [
      (): AsyncGenerator<TurnEvent> => {
        throw new CitestreamError('OVERLOADED', 'Too many.');
      },
      async function* answer(): AsyncGenerator<TurnEvent> {
        yield { type: 'error', code: 'OVERLOADED', message: 'Too many.', retryable: true };
      },
    ];
    for (const answer of failures) {
      await using served = await serveFakeCitestream({ answer });
      const response = await ask(served.address);
      expect([response.status, await response.json()]).toMatchObject([503, { detail: 'Too many.' }]);
    }
  });

  it.each([
    ['that is thrown', new Error('password in /var/secret'), 'INTERNAL', false],
    ['of a provider', new CitestreamError('LLM_FAILED', 'the secret prompt'), 'LLM_FAILED', true],
  ])(
    'ends with an error event after a failure %s, without what is inside',
    async (_, thrown, code, retryable) => {
      const lines: string[] = [];
      await using served = await serveFakeCitestream(
        {
          async *answer() {
            yield TURN;
            yield { type: 'token', text: 'By ' };
            throw thrown;
          },
        },
        { logger: createLogger({ stream: { write: (line) => lines.push(line) } }) },
      );
      const events = await eventsOf(await ask(served.address));
      expect(events.map(({ event }) => event)).toEqual(['turn', 'token', 'error']);
      expect(events[2]).toMatchObject({ id: '3', data: { code, retryable } });
      expect(JSON.stringify(events)).not.toContain('secret');
      const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(logged).toContainEqual(
        expect.objectContaining({
          msg: 'turn failed',
          turn_id: 'turn_1',
          err: expect.objectContaining({ message: thrown.message }),
        }),
      );
    },
  );

  it('ends with an error event where the engine ends without saying how', async () => {
    await using served = await serveFakeCitestream({
      async *answer() {
        yield TURN;
      },
    });
    const events = await eventsOf(await ask(served.address));
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'INTERNAL' } });
  });

  it('aborts the turn at once when its reader leaves', async () => {
    const aborted = Promise.withResolvers<unknown>();
    await using served = await serveFakeCitestream({ answer: (turn) => untilAborted(turn, aborted.resolve) });
    const leaving = new AbortController();
    const response = await ask(served.address, undefined, { signal: leaving.signal });
    expect(response.status).toBe(200);
    leaving.abort();
    expect(await aborted.promise).toMatchObject({ name: 'AbortError' });
    await expect
      .poll(async () => (await fetch(`${served.address}/metrics`)).text())
      .toContain('citestream_turns_total{mode="async",outcome="abandoned"} 1');
    expect(await (await fetch(`${served.address}/metrics`)).text()).toContain('citestream_open_streams 0');
  });

  it('aborts the turn when its reader leaves before the first event', async () => {
    const aborted = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using served = await serveFakeCitestream({
      // eslint-disable-next-line require-yield -- nobody is there any more
      async *answer({ signal }) {
        asked.resolve();
        await once(signal!, 'abort');
        aborted.resolve();
        throw signal!.reason;
      },
    });
    const leaving = new AbortController();
    const response = ask(served.address, undefined, { signal: leaving.signal });
    await asked.promise;
    leaving.abort();
    await expect(response).rejects.toThrow('aborted');
    await aborted.promise;
  });

  it('keeps a waiting stream alive with comments', async () => {
    const release = Promise.withResolvers<void>();
    await using served = await serveFakeCitestream(
      {
        async *answer() {
          yield TURN;
          await release.promise;
          yield DONE;
        },
      },
      { limits: { heartbeatMs: 5 } },
    );
    const socket = askRaw(served.address);
    expect(await readUntil(socket, ': heartbeat')).toContain('event: turn');
    release.resolve();
    expect(await readUntil(socket, '0\r\n\r\n')).toContain('event: done');
    socket.destroy();
  });

  it('waits for a reader that is behind, and loses nothing', async () => {
    const text = 'x'.repeat(10_000);
    let produced = 0;
    await using served = await serveFakeCitestream({
      async *answer() {
        yield TURN;
        for (; produced < 3000; produced += 1) yield { type: 'token', text: `${produced} ${text}` };
        yield DONE;
      },
    });
    const socket = askRaw(served.address);
    await once(socket, 'readable');
    // The socket is not read here, so production comes to a halt at what the system buffers.
    let before = -1;
    await expect
      .poll(
        () => {
          const halted = produced === before;
          before = produced;
          return halted;
        },
        { interval: 50, timeout: 20_000 },
      )
      .toBe(true);
    expect(produced).toBeLessThan(3000);
    const all = await readUntil(socket, '0\r\n\r\n');
    socket.destroy();
    expect([...all.matchAll(/data: \{"text":"(\d+) /g)].map(([, number]) => Number(number))).toEqual(
      Array.from({ length: 3000 }, (_, number) => number),
    );
    expect(all).toContain('event: done');
  });

  it('breaks with a reader that takes nothing, and aborts its turn', async () => {
    const ended = Promise.withResolvers<boolean>();
    await using served = await serveFakeCitestream(
      {
        async *answer({ signal }) {
          try {
            yield TURN;
            for (;;) yield { type: 'token', text: 'x'.repeat(10_000) };
          } finally {
            ended.resolve(signal!.aborted);
          }
        },
      },
      { limits: { stallMs: 50 } },
    );
    const socket = askRaw(served.address);
    socket.on('error', () => undefined);
    expect(await ended.promise).toBe(true);
    socket.destroy();
  });

  it('does not stop other streams while one has endless text at hand', async () => {
    await using served = await serveFakeCitestream({
      async *answer({ message, signal }) {
        yield TURN;
        while (message === 'endless' && !signal!.aborted) yield { type: 'token', text: 'again and again ' };
        yield DONE;
      },
    });
    const leaving = new AbortController();
    const endless = await ask(served.address, { message: 'endless' }, { signal: leaving.signal });
    const reader = endless.body!.getReader();
    await reader.read();
    const events = await eventsOf(await ask(served.address));
    leaving.abort();
    expect(events.map(({ event }) => event)).toEqual(['turn', 'done']);
  });

  it('writes nothing of a question, an answer or a key to the log', async () => {
    const lines: string[] = [];
    await using served = await serveFakeCitestream(
      {},
      {
        apiKeys: ['sesame'],
        logger: createLogger({ level: 'trace', stream: { write: (line) => lines.push(line) } }),
      },
    );
    const headers = { 'content-type': 'application/json', authorization: 'Bearer sesame' };
    await eventsOf(await ask(served.address, { message: 'confidential?', session_id: 'mine' }, { headers }));
    await (await ask(served.address, { message: 'confidential?', confidential: 1 }, { headers })).text();
    await expect.poll(() => lines.length).toBe(2);
    expect(lines.join('')).not.toMatch(/confidential|pool|mine|sesame/);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      method: 'POST',
      route: '/chat/stream/',
      status: 200,
      turn_id: 'turn_1',
      request_id: expect.any(String),
      duration_ms: expect.any(Number),
    });
  });
});
