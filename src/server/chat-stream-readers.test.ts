import { once } from 'node:events';

import { describe, expect, it } from 'vitest';

import type { ChatTurn } from '../chat/chat-engine.ts';
import type { TurnEvent } from '../chat/turn-event.ts';
import { ask, askOverSocket, eventsOf, readUntil } from '../testing/http-client.ts';
import { serveFakeCitestream } from '../testing/serve-fake-citestream.ts';

const TURN: TurnEvent = { type: 'turn', turnId: 'turn_1', sessionId: 'session_1', mode: 'async' };
const DONE: Extract<TurnEvent, { type: 'done' }> = {
  type: 'done',
  finishReason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1 },
  timings: { queueMs: 0, retrievalMs: 1, firstTokenMs: 2, totalMs: 3 },
  cited: [],
};

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
describe('the readers of a stream', () => {
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
    const socket = askOverSocket(served.address);
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
    const socket = askOverSocket(served.address);
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
    const socket = askOverSocket(served.address);
    socket.on('error', () => undefined);
    expect(await ended.promise).toBe(true);
    socket.destroy();
  });

  it('does not stop other streams while one has endless text at hand', async () => {
    await using served = await serveFakeCitestream({
      async *answer({ message, signal }) {
        yield TURN;
        if (message === 'endless') while (!signal!.aborted) yield { type: 'token', text: 'again and again ' };
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
});
