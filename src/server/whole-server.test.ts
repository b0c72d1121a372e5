import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Citestream } from '../citestream.ts';
import { loadConfiguration } from '../config/load-configuration.ts';
import { createCitestream } from '../create-citestream.ts';
import { ask, eventsOf, postJson } from '../testing/http-client.ts';
import { createHttpServer, type HttpServer } from './http-server.ts';

type Json = Record<string, unknown>;

const TIDES = `# Tides

The moon pulls the sea towards itself. This pull raises a bulge of water, which we call the high tide.

## Spring tides

A spring tide comes when sun and moon stand in one line, at new moon and at full moon.
`;

const PAGE = `<!doctype html><title>Harbours</title><script>alert(1)</script>
<h1>Harbours</h1><p>A harbour shelters ships from waves. <img src=x onerror=alert(2)> It &lt;b&gt;lies&lt;/b&gt; in a bay.</p>`;

describe('a server with a real index', () => {
  let directory: string;
  let citestream: Citestream;
  let server: HttpServer;
  let address: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'citestream-'));
    const { configuration } = loadConfiguration({ directory, settings: { dataDir: directory } });
    citestream = await createCitestream(configuration);
    server = createHttpServer(citestream, { port: 0 });
    address = await server.listen();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await citestream[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const json = async (path: string): Promise<Json> => (await fetch(address + path)).json() as Promise<Json>;

  async function ingestAll(accepted: Response): Promise<Json> {
    expect(accepted.status).toBe(202);
    const events = await eventsOf(await fetch(`${address}${accepted.headers.get('location')}/events`));
    expect(events.at(-1)).toMatchObject({ event: 'done' });
    return (events.at(-1)!.data as { summary: Json }).summary;
  }

  it('makes uploaded files answerable, and shows the same turn streamed, as one object and from the session', async () => {
    const form = new FormData();
    form.append('files', new Blob([TIDES]), 'sea/tides.md');
    form.append('files', new Blob([PAGE], { type: 'text/html' }), 'harbours.html');
    const summary = await ingestAll(await fetch(`${address}/documents`, { method: 'POST', body: form }));
    expect(summary).toMatchObject({ added: 2, failed: [] });

    const question = { message: 'When does a spring tide come?', session_id: 'mine' };
    const events = await eventsOf(await ask(address, question));
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['sources', 'citation', 'done']));
    const of = (name: string): Json[] =>
      events.filter(({ event }) => event === name).map(({ data }) => data as Json);
    const streamed = {
      answer: of('token')
        .map(({ text }) => text)
        .join(''),
      sources: of('sources')[0]?.['sources'],
      citations: of('citation'),
      finish_reason: of('done')[0]?.['finish_reason'],
      usage: of('done')[0]?.['usage'],
      timings: of('done')[0]?.['timings'],
    };
    expect(streamed.answer).toContain('A spring tide comes when sun and moon stand in one line');
    for (const { at, id } of streamed.citations) {
      expect(streamed.answer.slice(at as number)).toMatch(new RegExp(`^\\[${String(id)}\\]`));
    }
    expect((streamed.sources as Json[])[0]).toMatchObject({ title: 'Tides', heading: expect.any(String) });

    const { turns } = (await json('/sessions/mine')) as { turns: Json[] };
    expect(turns[0]).toEqual({
      ...streamed,
      turn_id: of('turn')[0]?.['turn_id'],
      question: question.message,
      created_at: expect.any(String),
      status: 'complete',
    });

    const whole = (await (
      await postJson(`${address}/chat/`, { ...question, session_id: 'other' })
    ).json()) as Json;
    expect(whole).toEqual({
      ...streamed,
      timings: expect.any(Object),
      turn_id: expect.any(String),
      session_id: 'other',
      mode: 'async',
      cited: of('done')[0]?.['cited'],
    });

    const { chunk_id: chunkId, start, end } = (streamed.sources as Json[])[0]!;
    const chunk = await json(`/chunks/${encodeURIComponent(String(chunkId))}`);
    const from = (start as number) - (chunk['start'] as number);
    expect((chunk['text'] as string).slice(from, from + (end as number) - (start as number))).toContain(
      'spring tide',
    );
  });

  it('shows an HTML file as text: no script of it, and nothing a browser would take for a page', async () => {
    await ingestAll(
      await postJson(`${address}/documents`, {
        documents: [{ name: 'bay.html', text: PAGE.replaceAll('Harbour', 'Bay') }],
      }),
    );
    const response = await ask(address, { message: 'What shelters ships from waves?' });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const text = await response.text();
    expect(text).toContain('shelters ships');
    expect(text).not.toMatch(/alert|<script|<img|onerror/);
    const { documents } = (await json('/documents')) as { documents: Json[] };
    const page = documents.find(({ title }) => title === 'Bays');
    expect(page).toMatchObject({ media_type: 'text/html', uri: expect.stringMatching(/bay\.html$/) });
    expect(JSON.stringify(page)).not.toContain(directory);
  });

  it('names a file that cannot be read and takes the others', async () => {
    const form = new FormData();
    form.append('files', new Blob([TIDES.replaceAll('Tides', 'Currents')]), 'currents.md');
    form.append('files', new Blob([new Uint8Array(2000)]), 'zeros.txt');
    form.append('files', new Blob([]), 'empty.md');
    form.append('files', new Blob(['%PDF-1.7 nothing']), 'damaged.pdf');
    form.append('files', new Blob(['what is this']), 'program.exe');
    const summary = await ingestAll(await fetch(`${address}/documents`, { method: 'POST', body: form }));
    expect(summary['added']).toBe(1);
    const failed = summary['failed'] as { uri: string; reason: string }[];
    const named = failed.map(({ uri }) => uri.replace(/.*\//, '')).sort();
    expect(named).toEqual(['damaged.pdf', 'empty.md', 'program.exe', 'zeros.txt']);
    expect(JSON.stringify(summary)).not.toContain(directory);
  });

  it('replaces a document that is uploaded again, and removes it with its file when it is deleted', async () => {
    const upload = async (text: string): Promise<Json> =>
      ingestAll(await postJson(`${address}/documents`, { documents: [{ name: 'winds.md', text }] }));
    expect(await upload('# Winds\n\nA breeze is a light wind.')).toMatchObject({ added: 1 });
    expect(await upload('# Winds\n\nA breeze is a light wind.')).toMatchObject({ unchanged: 1 });
    expect(await upload('# Winds\n\nA gale is a strong wind.')).toMatchObject({ updated: 1 });
    const { documents } = (await json('/documents')) as { documents: Json[] };
    const winds = documents.filter(({ title }) => title === 'Winds');
    expect(winds).toHaveLength(1);
    const id = encodeURIComponent(String(winds[0]!['id']));
    expect((await fetch(`${address}/documents/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(`${address}/documents/${id}`)).status).toBe(404);
    expect(await readdir(join(directory, 'uploads'), { recursive: true })).not.toContain('winds.md');
  });

  it('answers filters it cannot apply with 400 and odd ones as data', async () => {
    const withFilter = async (filter: Json): Promise<Response> =>
      postJson(`${address}/chat/`, { message: 'tide', filters: { filters: [filter] } });
    const harmless = [
      { key: "year' OR 1=1 --", value: 1 },
      { key: 'title', operator: 'contains', value: "'; DROP TABLE documents; --" },
      { key: 'a"b`c', operator: 'in', value: ['\u0000', '%', '_'] },
    ];
    for (const filter of harmless) {
      const response = await withFilter(filter);
      expect([200, 400]).toContain(response.status);
      if (response.status === 200)
        expect(await response.json()).toMatchObject({ finish_reason: 'no_sources' });
    }
    expect(await json('/readyz')).toMatchObject({ status: 'ready' });
  });
});
