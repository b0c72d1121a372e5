import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { WorkerLane } from './worker-lane.ts';

/** Tasks of the kinds that a hostile file can make of a parser. */
const TASKS = `
  import { threadId } from 'node:worker_threads';
  let kept = [];
  export const echo = (task) => task;
  export const thread = () => threadId;
  export const spin = () => { for (;;); };
  export const wait = () => new Promise((resolve) => setTimeout(resolve, 1e8));
  export const fillHeap = () => { for (;;) kept.push({ at: kept.length, text: String(kept.length) }); };
  export const fillBuffers = async () => {
    for (;;) {
      kept.push(Buffer.alloc(16 * 1024 ** 2, 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  export const exit = () => process.exit(3);
  export const crash = () => new Promise(() => setImmediate(() => { throw new Error('stray'); }));
`;
let folder: string;
let worker: URL;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-lane-'));
  writeFileSync(join(folder, 'tasks.mjs'), TASKS);
  worker = pathToFileURL(join(folder, 'tasks.mjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lane = (limits: { readonly timeoutMs?: number; readonly maxHeapMb?: number } = {}) =>
  new WorkerLane({ worker, timeoutMs: 60_000, maxHeapMb: 64, ...limits });
const refusal = (message: string) =>
  expect.objectContaining({ code: 'UNREADABLE_DOCUMENT', message: expect.stringContaining(message) });

describe('WorkerLane', () => {
  it('runs tasks one after another on one thread', async () => {
    await using one = lane();
    const threads = [await one.run('thread', {}), await one.run('thread', {})];
    expect(new Set(threads).size).toBe(1);
    expect(await one.run('echo', { a: 1 })).toEqual({ a: 1 });
  });

  it.each([
    ['spin', 'longer than 1 s'],
    ['wait', 'longer than 1 s'],
  ])('ends a task that would %s for ever, and goes on', async (task, reason) => {
    await using one = lane({ timeoutMs: 1000 });
    await expect(one.run(task, {})).rejects.toThrow(refusal(reason));
    expect(await one.run('echo', 'next')).toBe('next');
  });

  it.each([
    ['fillHeap', 'more than 64 MB of memory'],
    ['fillBuffers', 'more than 64 MB of memory'],
    ['exit', 'ended its thread'],
    ['crash', 'ended its thread'],
  ])('survives a task that would %s, and goes on', async (task, reason) => {
    await using one = lane();
    await expect(one.run(task, {})).rejects.toThrow(refusal(reason));
    expect(await one.run('echo', 'next')).toBe('next');
  });

  it('ends a task whose signal is aborted, with the reason of the signal', async () => {
    await using one = lane();
    await one.run('echo', {});
    const controller = new AbortController();
    const running = one.run('spin', {}, { signal: controller.signal });
    controller.abort(new Error('nobody waits any more'));
    await expect(running).rejects.toThrow('nobody waits any more');
    await expect(one.run('echo', {}, { signal: controller.signal })).rejects.toThrow('nobody waits any more');
    expect(await one.run('echo', 'next')).toBe('next');
  });

  it('ends its thread when it is disposed of, and needs none until the first task', async () => {
    await lane()[Symbol.asyncDispose]();
    const one = lane();
    await one.run('echo', {});
    const running = one.run('spin', {});
    running.catch(() => {});
    await one[Symbol.asyncDispose]();
    await expect(running).rejects.toThrow(refusal('ended its thread'));
  });
});
