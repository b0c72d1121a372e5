import { describe, expect, it } from 'vitest';

import type { IngestEvent, IngestSummary } from '../ingest/ingest-event.ts';
import { eventsOf, postJson } from '../testing/http-client.ts';
import { serveFakeCitestream } from '../testing/serve-fake-citestream.ts';

const SUMMARY: IngestSummary = {
  added: 1,
  updated: 0,
  unchanged: 0,
  removed: 0,
  failed: [{ uri: 'b.pdf', reason: 'It is damaged.' }],
  files: 2,
  skipped: 0,
  chunks: 3,
  bytes: 10,
  elapsedMs: 5,
  stages: { readMs: 1, embedMs: 1, storeMs: 1 },
};

describe('the routes of jobs', () => {
  it('streams the events of a job to readers early and late, and from where one stopped', async () => {
    const release = Promise.withResolvers<void>();
    const events: readonly IngestEvent[] = [
      { type: 'waiting', holder: 'an ingest of process 1' },
      { type: 'started', files: 2, bytes: 10 },
      { type: 'document', uri: 'b.pdf', status: 'failed', reason: 'It is damaged.' },
      { type: 'progress', files: 2, filesTotal: 2, bytes: 10, bytesTotal: 10, chunks: 3 },
    ];
    await using served = await serveFakeCitestream({
      ingest: async ({ onEvent }) => {
        for (const event of events) onEvent(event);
        await release.promise;
        return SUMMARY;
      },
    });
    const { id } = served.citestream.jobs.start(['x']);
    const url = `${served.address}/documents/jobs/${id}`;
    expect(await (await fetch(url)).json()).toMatchObject({ job_id: id, status: 'running' });
    const early = await fetch(`${url}/events`);
    expect(early.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    release.resolve();
    const seen = await eventsOf(early);
    expect(seen.map((event) => `${event.id} ${event.event}`)).toEqual([
      '1 waiting',
      '2 started',
      '3 document',
      '4 progress',
      '5 done',
    ]);
    expect(await eventsOf(await fetch(`${url}/events`))).toEqual(seen);
    const rest = await eventsOf(await fetch(`${url}/events`, { headers: { 'last-event-id': '3' } }));
    expect(rest).toEqual(seen.slice(3));
    expect(await (await fetch(url)).json()).toMatchObject({
      status: 'done',
      summary: { added: 1, files: 2 },
    });
  });

  it.each(['-1', 'x', '1.5', '1e3', '99999999999999999999'])('refuses Last-Event-ID %s', async (value) => {
    await using served = await serveFakeCitestream();
    const { id } = served.citestream.jobs.start(['x']);
    const response = await fetch(`${served.address}/documents/jobs/${id}/events`, {
      headers: { 'last-event-id': value },
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { errors: [{ path: 'Last-Event-ID' }] },
    ]);
  });

  it('ends the stream of a job that fails with its error, without what is inside', async () => {
    await using served = await serveFakeCitestream({
      ingest: async () => {
        throw new Error('EACCES /var/secret');
      },
    });
    const { id } = served.citestream.jobs.start(['x']);
    const url = `${served.address}/documents/jobs/${id}`;
    const events = await eventsOf(await fetch(`${url}/events`));
    expect(events).toMatchObject([{ event: 'error', data: { code: 'INTERNAL' } }]);
    const job = await (await fetch(url)).text();
    expect(job).toContain('"failed"');
    expect(job + JSON.stringify(events)).not.toContain('secret');
  });

  it('refuses an upload with 503 while too many ingests wait', async () => {
    const release = Promise.withResolvers<void>();
    await using served = await serveFakeCitestream({
      ingest: async () => {
        await release.promise;
        return SUMMARY;
      },
    });
    for (let number = 0; number <= 100; number += 1) served.citestream.jobs.start(['x']);
    const response = await postJson(`${served.address}/documents`, { documents: [{ name: 'a', text: 'a' }] });
    release.resolve();
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { code: 'OVERLOADED', retryable: true },
    ]);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});
