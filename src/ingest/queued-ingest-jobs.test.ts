import { describe, expect, it } from 'vitest';

import type { IngestEvent, IngestSummary } from './ingest-event.ts';
import { QueuedIngestJobs, type RunIngest } from './queued-ingest-jobs.ts';

const summary: IngestSummary = {
  added: 1,
  updated: 0,
  unchanged: 0,
  removed: 0,
  failed: [],
  files: 1,
  skipped: 0,
  chunks: 1,
  bytes: 1,
  elapsedMs: 1,
  stages: { readMs: 0, embedMs: 0, storeMs: 0 },
};

async function collect(events: AsyncIterable<{ id: number; event: IngestEvent }>) {
  const all: [number, string][] = [];
  for await (const { id, event } of events)
    all.push([id, event.type === 'document' ? event.uri : event.type]);
  return all;
}

const tellPaths: RunIngest = async ({ paths, onEvent }) => {
  for (const uri of paths) onEvent({ type: 'document', uri, status: 'added' });
  return summary;
};

describe('ingest jobs', () => {
  it('give every reader all events, numbered from 1, whenever it comes', async () => {
    await using jobs = new QueuedIngestJobs({ run: tellPaths });
    const { id } = jobs.start(['a', 'b']);
    const expected = [
      [1, 'a'],
      [2, 'b'],
      [3, 'done'],
    ];
    expect(await collect(jobs.events(id))).toEqual(expected);
    expect(await collect(jobs.events(id))).toEqual(expected);
    expect(await collect(jobs.events(id, { after: 2 }))).toEqual([[3, 'done']]);
    expect(jobs.get(id)).toMatchObject({ status: 'done', summary });
  });

  it('run one at a time, in the order they came', async () => {
    const order: string[] = [];
    const run: RunIngest = async ({ paths }) => {
      order.push(`${paths[0]} starts`);
      await new Promise(setImmediate);
      order.push(`${paths[0]} ends`);
      return summary;
    };
    await using jobs = new QueuedIngestJobs({ run });
    jobs.start(['a']);
    const { id } = jobs.start(['b']);
    await collect(jobs.events(id));
    expect(order).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
  });

  it('end with an error event that carries the code', async () => {
    await using jobs = new QueuedIngestJobs({
      run: async () => {
        throw new Error('the disk is full');
      },
    });
    const { id } = jobs.start(['a']);
    expect(await collect(jobs.events(id))).toEqual([[1, 'error']]);
    expect(jobs.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'INTERNAL', message: 'the disk is full' },
    });
  });

  it('refuse more than may wait', async () => {
    const gate = Promise.withResolvers<IngestSummary>();
    await using jobs = new QueuedIngestJobs({ run: async () => gate.promise, maxQueue: 1 });
    jobs.start(['a']);
    jobs.start(['b']);
    expect(() => jobs.start(['c'])).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    gate.resolve(summary);
  });

  it('keep the newest events within their bound and go on with the first kept one', async () => {
    await using jobs = new QueuedIngestJobs({ run: tellPaths, maxEvents: 10 });
    const { id } = jobs.start(Array.from({ length: 30 }, (_, index) => `${index + 1}`));
    await collect(jobs.events(id));
    const events = await collect(jobs.events(id));
    expect(events.length).toBeLessThanOrEqual(10);
    expect(events.at(-1)).toEqual([31, 'done']);
    expect(events.slice(0, -1).every(([number, uri]) => String(number) === uri)).toBe(true);
  });

  it('are cancelled when the server closes, those that wait too', async () => {
    const run: RunIngest = async ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    const jobs = new QueuedIngestJobs({ run });
    const first = jobs.start(['a']);
    const second = jobs.start(['b']);
    await jobs[Symbol.asyncDispose]();
    expect(jobs.get(first.id)?.status).toBe('cancelled');
    expect(jobs.get(second.id)?.status).toBe('cancelled');
    expect(() => jobs.start(['c'])).toThrow(expect.objectContaining({ code: 'SHUTTING_DOWN' }));
  });
});
