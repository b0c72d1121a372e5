import { describe, expect, it } from 'vitest';

import type { ChatTurn } from '../chat/chat-engine.ts';
import type { TurnEvent } from '../chat/turn-event.ts';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import { shortAnswer } from '../testing/fake-citestream.ts';
import { ask, askOverSocket, eventsOf, readUntil } from '../testing/http-client.ts';
import { serveFakeCitestream } from '../testing/serve-fake-citestream.ts';

const TURN: TurnEvent = { type: 'turn', turnId: 'turn_1', sessionId: 'session_1', mode: 'async' };

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
    const { sources } = events[1]!.data as { sources: Record<string, unknown>[] };
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
    expect(turns.map((turn) => ({ ...turn, signal: undefined }))).toEqual([
      { message: 'How?', sessionId: 'a.b:c-1', topK: 3, filters },
      { message: 'How?' },
    ]);
  });

  it('sends events that are ready at the same time in one write', async () => {
    await using served = await serveFakeCitestream();
    const socket = askOverSocket(served.address);
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
