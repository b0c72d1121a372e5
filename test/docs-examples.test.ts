import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Configuration } from '../src/config/configuration.ts';
import { loadConfiguration } from '../src/config/load-configuration.ts';
import { createCitestream } from '../src/create-citestream.ts';
import { runIngest } from '../src/run-ingest.ts';
import { createHttpServer, type HttpServer } from '../src/server/http-server.ts';
import { namesUnder, pages, read, root, snippets, tableUnder } from './guides.ts';

interface Schema {
  readonly properties: Record<string, unknown>;
}

let folder: string;
let configuration: Configuration;
let citestream: Awaited<ReturnType<typeof createCitestream>>;
let server: HttpServer;

// What a newcomer has after `npm start`: the guides, ingested, and a server that answers about them.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-examples-'));
  cpSync(join(root, 'docs'), join(folder, 'docs'), { recursive: true });
  ({ configuration } = loadConfiguration({ settings: { port: 0 }, directory: folder }));
  await runIngest({ paths: [join(folder, 'docs')], configuration });
  citestream = await createCitestream(configuration);
  server = createHttpServer(citestream);
}, 60_000);
afterAll(async () => {
  await server.close({ graceMs: 0 });
  await citestream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const post = async (url: string, body: object) => server.app.inject({ method: 'POST', url, body });

/** The curl lines of the guides, as what they send. */
const requests = snippets.flatMap(({ file, lang, value }) => {
  if (lang !== 'sh') return [];
  const lines = value.replaceAll(/\\\n\s*/g, '').split('\n');
  return lines.flatMap((line) => {
    const path = /^curl .*?http:\/\/127\.0\.0\.1:8000(\S*)/.exec(line)?.[1];
    if (path === undefined) return [];
    const body = / -d '([^']*)'/.exec(line)?.[1];
    const upload = / -F '(\w+)=@([^']*)'/.exec(line);
    const method = / -X (\w+)/.exec(line)?.[1] ?? (body === undefined && upload === null ? 'GET' : 'POST');
    return [{ name: `${file}: ${line}`, line, path, body, upload, method }];
  });
});

describe('the examples of the guides', () => {
  it.each(requests)('$name is answered', async ({ line, path, body, upload, method }) => {
    const isKnown = [...line.matchAll(/ -(-?[A-Za-z]+)/g)].every(([, flag = '']) => 'NHdFX'.includes(flag));
    expect(isKnown).toBe(true);
    const chunk = (await citestream.retriever.retrieve('What is a turn?'))[0]?.chunk.id ?? '';
    const form = new FormData();
    if (upload !== null) form.append(upload[1] ?? '', new Blob(['A report.']), 'report.txt');
    const address = await listening();
    const response = await fetch(`${address}${path.replace('CHUNK_ID', chunk)}`, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      ...(upload === null ? {} : { body: form }),
    });
    const text = await response.text();
    // No turn is running under the placeholder, and the route says so.
    if (path.includes('TURN_ID')) expect(JSON.parse(text)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    else expect([text, response.ok]).toEqual([text, true]);
  });

  it('include a question, a passage, an upload and a stop', () => {
    const routes = new Set(requests.map(({ method, path }) => `${method} ${path}`));
    expect([...routes]).toEqual(
      expect.arrayContaining([
        'POST /chat/stream/',
        'POST /chat/',
        'GET /chunks/CHUNK_ID',
        'POST /documents',
        'DELETE /chat/stream/TURN_ID',
      ]),
    );
  });

  it('give the first question the answer that the README shows', async () => {
    const [, question = ''] = /"message": "([^"]+)"/.exec(read('README.md')) ?? [];
    const [, shown = ''] =
      /the answer is:\n\n```\n([^`]*(?:`[^`]+`[^`]*)*?)\n```/.exec(read('README.md')) ?? [];
    const response = await post('/chat/', { message: question });
    expect(response.json<{ answer: string }>().answer).toBe(shown);
  });

  it('show the events of the first answer with the fields they have', async () => {
    const [, question = ''] = /"message": "([^"]+)"/.exec(read('README.md')) ?? [];
    const fieldsOf = (stream: string): Map<string, string[]> =>
      new Map(
        [...stream.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, type = '', data = '']) => [
          type,
          Object.keys(JSON.parse(data.replaceAll(/, …(?=])/g, '').replaceAll('\n', ' ')) as object),
        ]),
      );
    const shown = snippets.find(({ file, value }) => file === 'README.md' && value.startsWith('id: 1'));
    const response = await post('/chat/stream/', { message: question });
    expect(fieldsOf(shown?.value ?? '')).toEqual(fieldsOf(response.body));
  });

  it('name the fields that sources, citations and events have', async () => {
    const response = await server.app.inject('/openapi.json');
    const { schemas } = response.json<{ components: { schemas: Record<string, Schema> } }>().components;
    const fields = (name: string): string[] => Object.keys(schemas[name]?.properties ?? {});
    const sorted = (names: readonly string[]): string[] => [...names].sort();
    const citations = 'docs/citations.md';
    expect(sorted(namesUnder(citations, 'The fields of a source'))).toEqual(sorted(fields('Source')));
    expect(sorted(namesUnder(citations, 'The fields of a citation'))).toEqual(sorted(fields('Citation')));
    const events = tableUnder('docs/http-api.md', 'The events of an answer');
    expect(events.length).toBe(7);
    for (const [event = '', described = ''] of events) {
      const name = event === 'citation' ? 'Citation' : `TurnEvent_${event}`;
      const words = described.match(/[a-z_]+/g) ?? [];
      expect(words).toEqual(expect.arrayContaining(fields(name)));
      expect(fields(name).length).toBeGreaterThan(0);
    }
    const answer = /The reply has the fields ([^.]*)\./.exec(read('docs/http-api.md'))?.[1] ?? '';
    expect(
      answer
        .match(/[a-z_]{3,}/g)
        ?.filter((word) => word !== 'and')
        .sort(),
    ).toEqual(sorted(fields('ChatAnswer')));
  });

  it('send JSON that the server takes, and show the refusal it gives', async () => {
    const shown = snippets
      .filter(({ file, lang }) => file === 'docs/http-api.md' && lang === 'json')
      .map(({ value }) => JSON.parse(value) as Record<string, unknown>);
    const [question, documents, problem] = ['message', 'documents', 'detail'].map((field) =>
      shown.find((body) => field in body),
    );
    expect((await post('/chat/', question ?? {})).statusCode).toBe(200);
    expect((await post('/documents', documents ?? {})).statusCode).toBe(202);
    const refused = await post('/chat/', { message: 'What is a turn?', top_k: 1_000_000_000 });
    expect({ ...refused.json<object>(), request_id: problem?.['request_id'] }).toEqual(problem);
  });

  it('show a configuration file that is one', () => {
    const shown = snippets.find(({ file, lang }) => file === 'docs/configuration.md' && lang === 'json');
    const settings = JSON.parse(shown?.value ?? '') as { port: number };
    const loaded = loadConfiguration({ settings, directory: folder });
    expect(loaded.configuration.port).toBe(settings.port);
  });

  it.each(['README.md', 'docs/library.md'])(
    'of %s run, and answer',
    (file) => {
      const parts = snippets.filter((snippet) => snippet.file === file && snippet.lang === 'ts');
      const text = parts
        .map(({ value }) => value)
        .join('\n\n')
        .replaceAll(`'citestream'`, `'${pathToFileURL(join(root, 'src/index.ts')).href}'`);
      const program = join(folder, `${file.replaceAll(/\W/g, '-')}.mts`);
      writeFileSync(program, text);
      const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^\d+ sources$/m);
      expect(stdout).toContain('A turn is one question and its answer in a session.');
      expect(stdout).toMatch(/^cited: 1\b/m);
    },
    60_000,
  );

  it('say nothing of the machine they were written on', () => {
    const found = pages.flatMap(({ file, text }) =>
      (text.match(/(?<![\w.~])\/(?:root|home|tmp|work|Users|mnt)\/\S+|https?:\/\/registry\.\S+/g) ?? []).map(
        (place) => `${file}: ${place}`,
      ),
    );
    expect(found).toEqual([]);
    expect(readFileSync(join(folder, 'docs/library.md'), 'utf8')).toBe(read('docs/library.md'));
  });
});

let address: Promise<string> | undefined;

async function listening(): Promise<string> {
  address ??= server.listen();
  return address;
}
