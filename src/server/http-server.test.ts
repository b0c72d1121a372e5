import { once } from 'node:events';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import type { ChatTurn } from '../chat/chat-engine.ts';
import type { TurnEvent } from '../chat/turn-event.ts';
import { ask, askOverSocket, connectTo, eventsOf, postJson, readUntil } from '../testing/http-client.ts';
import { serveFakeCitestream } from '../testing/serve-fake-citestream.ts';
import { createHttpServer } from './http-server.ts';
import { removeAbandonedUploads } from './upload-folder.ts';

const TURN: TurnEvent = { type: 'turn', turnId: 'turn_1', sessionId: 'session_1', mode: 'async' };
const DONE: Extract<TurnEvent, { type: 'done' }> = {
  type: 'done',
  finishReason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1 },
  timings: { queueMs: 0, retrievalMs: 1, firstTokenMs: 2, totalMs: 3 },
  cited: [],
};

/** A turn that ends when it is released, or as stopped when it is aborted. */
function heldTurn() {
  const release = Promise.withResolvers<void>();
  async function* answer({ signal }: ChatTurn): AsyncGenerator<TurnEvent> {
    yield TURN;
    await Promise.race([release.promise, once(signal!, 'abort')]);
    yield { ...DONE, finishReason: signal!.aborted ? 'stopped' : 'stop' };
  }
  return { answer, release: release.resolve };
}

describe('a server that closes', () => {
  it('lets a running turn finish, takes nothing new meanwhile, and then is gone', async () => {
    const { answer, release } = heldTurn();
    await using served = await serveFakeCitestream({ answer });
    const running = await ask(served.address);
    const closing = served.server.close({ graceMs: 60_000 });
    for (const path of ['/chat/', '/chat/stream/', '/documents']) {
      const body = path === '/documents' ? { documents: [{ name: 'a', text: 'a' }] } : { message: 'How?' };
      const refused = await postJson(served.address + path, body);
      expect([refused.status, await refused.json()]).toMatchObject([
        503,
        { code: 'SHUTTING_DOWN', retryable: true },
      ]);
      expect(refused.headers.has('retry-after')).toBe(true);
    }
    expect((await fetch(`${served.address}/readyz`)).status).toBe(503);
    expect((await fetch(`${served.address}/healthz`)).status).toBe(200);
    release();
    expect((await eventsOf(running)).at(-1)).toMatchObject({
      event: 'done',
      data: { finish_reason: 'stop' },
    });
    await closing;
    await expect(fetch(`${served.address}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('aborts what runs when the time is over, and its reader still gets an end', async () => {
    const { answer } = heldTurn();
    await using served = await serveFakeCitestream({ answer });
    const running = await ask(served.address);
    const events = eventsOf(running);
    await served.server.close({ graceMs: 0 });
    expect((await events).at(-1)).toMatchObject({ event: 'done', data: { finish_reason: 'stopped' } });
  });

  it('cuts off the readers of a job that goes on, who come back for the rest', async () => {
    const never = Promise.withResolvers<never>();
    await using served = await serveFakeCitestream({
      ingest: async ({ onEvent, signal }) => {
        onEvent({ type: 'started', files: 1, bytes: 1 });
        signal.addEventListener('abort', () => never.reject(signal.reason as Error));
        return never.promise;
      },
    });
    const { id } = served.citestream.jobs.start(['x']);
    const watching = eventsOf(await fetch(`${served.address}/documents/jobs/${id}/events`));
    await served.server.close({ graceMs: 0 });
    expect(await watching).toMatchObject([{ event: 'started' }]);
  });

  it('closes though a connection is open on which nothing comes', async () => {
    await using served = await serveFakeCitestream();
    const socket = connectTo(served.address);
    await once(socket, 'connect');
    await served.server.close({ graceMs: 0 });
    expect(served.server.app.server.listening).toBe(false);
    socket.destroy();
  });

  it('closes once, however often it is told to', async () => {
    await using served = await serveFakeCitestream();
    expect(served.server.close()).toStrictEqual(served.server.close());
    await Promise.all([served.server.close(), served.server.close()]);
  });
});

describe('a server that starts', () => {
  it('says that the port is taken', async () => {
    await using served = await serveFakeCitestream();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await using server = createHttpServer(served.citestream, { port });
    await expect(server.listen()).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`${port}`),
    });
    other.close();
  });

  it('listens on this machine only unless it is told otherwise', async () => {
    await using served = await serveFakeCitestream();
    expect((served.server.app.server.address() as AddressInfo).address).toBe('127.0.0.1');
  });

  it('removes uploads that a killed process left, but none that may still be arriving', async () => {
    await using served = await serveFakeCitestream();
    const root = join(served.directory, 'uploads');
    for (const name of ['left', 'arriving']) {
      await mkdir(join(root, '.incoming', name), { recursive: true });
      await writeFile(join(root, '.incoming', name, '0'), 'x');
    }
    await utimes(join(root, '.incoming/left'), new Date(0), new Date(0));
    await removeAbandonedUploads(root);
    expect(await readdir(join(root, '.incoming'))).toEqual(['arriving']);
    await removeAbandonedUploads(join(root, 'nothing'));
  });
});

describe('the heartbeat of a stream', () => {
  afterEach(() => vi.useRealTimers());

  it('comes when nothing else does for its time, and ends with the stream', async () => {
    const { answer, release } = heldTurn();
    await using served = await serveFakeCitestream({ answer });
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const socket = askOverSocket(served.address);
    expect(await readUntil(socket, 'event: turn')).not.toContain('heartbeat');
    vi.advanceTimersByTime(15_000);
    expect(await readUntil(socket, 'heartbeat')).toContain(': heartbeat\n\n');
    vi.advanceTimersByTime(15_000);
    expect(await readUntil(socket, 'heartbeat')).toContain(': heartbeat\n\n');
    release();
    expect(await readUntil(socket, '0\r\n\r\n')).toContain('event: done');
    expect(vi.getTimerCount()).toBe(0);
    socket.destroy();
  });

  it('does not pile up before a reader that takes nothing', async () => {
    const { answer, release } = heldTurn();
    await using served = await serveFakeCitestream({
      async *answer(turn) {
        for await (const event of answer(turn)) {
          yield event;
          if (event.type === 'turn') yield { type: 'token', text: 'x'.repeat(20_000_000) };
        }
      },
    });
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const socket = askOverSocket(served.address);
    await once(socket, 'readable');
    vi.advanceTimersByTime(15_000 * 1000);
    release();
    const all = await readUntil(socket, '0\r\n\r\n');
    socket.destroy();
    expect(all).toContain('event: done');
    expect(all.match(/heartbeat/g) ?? []).toHaveLength(0);
  });
});
