import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { connectTo, exchange, postJson } from '../testing/http-client.ts';
import { serveFakeCitestream, type ServedFake } from '../testing/serve-fake-citestream.ts';
import type { ServerLimits } from './server-options.ts';

const CRLF = '\r\n';

const part = (name: string, text: string): string =>
  `--limit${CRLF}content-disposition: form-data; name="files"; filename="${name}"${CRLF}content-type: application/octet-stream${CRLF}${CRLF}${text}${CRLF}`;

const multipartHead = (length: number): string =>
  `POST /documents HTTP/1.1${CRLF}host: localhost${CRLF}content-type: multipart/form-data; boundary=limit${CRLF}content-length: ${length}${CRLF}connection: close${CRLF}${CRLF}`;

/** Sends a form as its bytes, so that the names are what the test says. */
async function upload(address: string, parts: string): Promise<Response> {
  const headers = { 'content-type': 'multipart/form-data; boundary=limit' };
  return fetch(`${address}/documents`, { method: 'POST', headers, body: `${parts}--limit--${CRLF}` });
}

interface UploadServer extends AsyncDisposable {
  readonly served: ServedFake;
  readonly address: string;
  /** The paths that ingests were started with, below the uploads folder. */
  readonly ingested: string[];
  /** Everything below the uploads folder that is no folder. */
  readonly files: () => Promise<readonly string[]>;
  /** Everything below the data folder. */
  readonly everything: () => Promise<readonly string[]>;
}

async function uploadServer(limits: Partial<ServerLimits> = {}): Promise<UploadServer> {
  const ingested: string[] = [];
  const served = await serveFakeCitestream(
    {
      ingest: async ({ paths }) => {
        ingested.push(...paths);
        throw new Error('nothing is ingested here');
      },
    },
    { limits },
  );
  const root = join(served.directory, 'uploads');
  return {
    served,
    address: served.address,
    ingested,
    async files() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .sort();
    },
    everything: async () => (await readdir(served.directory)).sort(),
    [Symbol.asyncDispose]: async () => served[Symbol.asyncDispose](),
  };
}

describe('POST /documents', () => {
  it('stores the files, starts their ingest, and says where to watch it', async () => {
    await using server = await uploadServer();
    const response = await upload(server.address, part('a.md', 'A') + part('notes/b.md', 'B'));
    expect(response.status).toBe(202);
    const job = (await response.json()) as Record<string, unknown>;
    expect(job).toMatchObject({ status: 'running', files: 2, started_at: expect.any(String) });
    expect(response.headers.get('location')).toBe(`/documents/jobs/${String(job['job_id'])}`);
    expect(await server.files()).toEqual(['a.md', 'notes/b.md']);
    expect(server.ingested).toEqual(
      ['a.md', 'notes/b.md'].map((name) => join(server.served.directory, 'uploads', name)),
    );
  });

  it.each([
    ['../../x', 'x'],
    ['../../../etc/cron.d/x.md', 'etc/cron.d/x.md'],
    ['C:\\x', 'x'],
    [String.raw`C:\\Users\\me\\x.pdf`, 'Users/me/x.pdf'],
    [String.raw`..\\..\\x.md`, 'x.md'],
    ['/etc/passwd', 'etc/passwd'],
    ['.bashrc', '_bashrc'],
    ['.incoming/x.md', '_incoming/x.md'],
    ['a/../../../b.md', 'a/b.md'],
    ['..', 'unnamed'],
    ['///', 'unnamed'],
    ['a\u0000b.md', 'a_b.md'],
    ['%2e%2e%2fx.md', '%2e%2e%2fx.md'],
    ['CON.md', '_CON.md'],
    ['<script>.html', '_script_.html'],
  ])('keeps a file that is called %j inside the data folder', async (name, place) => {
    await using server = await uploadServer();
    const before = await server.everything();
    const response = await upload(server.address, part(name, 'text'));
    expect(response.status).toBe(202);
    expect(await server.files()).toEqual([place]);
    expect(await server.everything()).toEqual([...before, 'uploads'].sort());
  });

  it('keeps files inside whatever the JSON calls them', async () => {
    await using server = await uploadServer();
    const documents = ['../../x', '/y', 'C:\\z.md', '..'].map((name) => ({ name, text: 'text' }));
    expect((await postJson(`${server.address}/documents`, { documents })).status).toBe(202);
    expect(await server.files()).toEqual(['unnamed.txt', 'x.txt', 'y.txt', 'z.md']);
  });

  it('gives two files of one name places of their own', async () => {
    await using server = await uploadServer();
    await upload(server.address, part('a.md', '1') + part('A.md', '2') + part('a.md', '3'));
    expect(await server.files()).toEqual(['A (2).md', 'a (3).md', 'a.md']);
  });

  it.each([
    ['an empty form', ''],
    [
      'a field that is no file',
      `--limit${CRLF}content-disposition: form-data; name="x"${CRLF}${CRLF}1${CRLF}`,
    ],
    ['a file without a name', part('', 'text')],
  ])('refuses %s', async (_, parts) => {
    await using server = await uploadServer();
    const response = await upload(server.address, parts);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await server.files()).toEqual([]);
    expect(server.ingested).toEqual([]);
  });

  it.each([
    ['one file is too large', { maxFileBytes: 1000 }, part('a.md', 'fine') + part('b.md', 'x'.repeat(1001))],
    ['the files together are too large', { maxUploadBytes: 1500 }, part('a.md', 'x'.repeat(1000)).repeat(2)],
    ['there are too many files', { maxUploadFiles: 2 }, part('a.md', 'x').repeat(3)],
    ['there are far too many files', { maxUploadFiles: 2 }, part('a.md', 'x').repeat(20)],
  ])('refuses an upload with 413 where %s, and leaves nothing on the disk', async (_, limits, parts) => {
    await using server = await uploadServer(limits);
    const response = await upload(server.address, parts);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'TOO_LARGE', status: 413 });
    expect(await server.files()).toEqual([]);
    expect(server.ingested).toEqual([]);
  });

  it('answers 413 while a client is still sending much more', async () => {
    await using server = await uploadServer({ maxUploadBytes: 100_000, maxFileBytes: 100_000 });
    const response = await upload(server.address, part('large.md', 'x'.repeat(20_000_000)));
    expect(response.status).toBe(413);
    expect(await server.files()).toEqual([]);
  });

  it('keeps the older version where the newer one is refused', async () => {
    await using server = await uploadServer({ maxFileBytes: 1000 });
    await upload(server.address, part('a.md', 'older'));
    expect((await upload(server.address, part('a.md', 'x'.repeat(2000)))).status).toBe(413);
    expect(await readFile(join(server.served.directory, 'uploads/a.md'), 'utf8')).toBe('older');
  });

  it('refuses a name that a folder has, and says so', async () => {
    await using server = await uploadServer();
    expect((await upload(server.address, part('a/b.md', 'x'))).status).toBe(202);
    const response = await upload(server.address, part('a', 'x'));
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'INVALID_INPUT' }]);
  });

  it('removes what has arrived when the client leaves in the middle', async () => {
    await using server = await uploadServer();
    const socket = connectTo(server.address);
    socket.write(
      multipartHead(1_000_000) + part('a.md', 'whole') + part('b.md', 'x'.repeat(400_000)).slice(0, -2),
    );
    await expect.poll(async () => (await server.files()).length).toBe(2);
    socket.destroy();
    await expect.poll(server.files).toEqual([]);
    expect(server.ingested).toEqual([]);
  });

  it('ends a connection that stops sending, and removes what has arrived', async () => {
    await using server = await uploadServer({ stallMs: 100 });
    const socket = connectTo(server.address);
    socket.resume().write(multipartHead(1_000_000) + part('a.md', 'whole'));
    await once(socket, 'close');
    await expect.poll(server.files).toEqual([]);
    expect(server.ingested).toEqual([]);
  });

  it.each([
    ['no boundary', 'multipart/form-data', 'x'],
    ['a form that breaks off', 'multipart/form-data; boundary=limit', part('a.md', 'text').slice(0, -20)],
    ['what is no form', 'multipart/form-data; boundary=limit', 'nothing of the kind'],
    [
      'a part with broken headers',
      'multipart/form-data; boundary=limit',
      `--limit${CRLF}x${CRLF}${CRLF}x${CRLF}--limit--${CRLF}`,
    ],
  ])('refuses a body with %s', async (_, type, body) => {
    await using server = await uploadServer();
    const request = `POST /documents HTTP/1.1${CRLF}host: localhost${CRLF}content-type: ${type}${CRLF}content-length: ${Buffer.byteLength(body)}${CRLF}connection: close${CRLF}${CRLF}${body}`;
    const answer = await exchange(server.address, request);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).toContain('application/problem+json');
    expect(await server.files()).toEqual([]);
    expect(server.ingested).toEqual([]);
  });

  it.each([
    ['no documents', {}, 'documents'],
    ['an empty list', { documents: [] }, 'documents'],
    ['a document without a name', { documents: [{ text: 'x' }] }, 'documents[0].name'],
    ['an empty name', { documents: [{ name: ' ', text: 'x' }] }, 'documents[0].name'],
    ['an empty text', { documents: [{ name: 'a', text: '' }] }, 'documents[0].text'],
    ['a text that is a number', { documents: [{ name: 'a', text: 1 }] }, 'documents[0].text'],
    [
      'an unknown media type',
      { documents: [{ name: 'a', text: 'x', media_type: 'image/png' }] },
      'documents[0].media_type',
    ],
    ['a path of this machine', { paths: ['/etc'] }, 'documents'],
  ])('refuses JSON with %s', async (_, body, path) => {
    await using server = await uploadServer();
    const response = await postJson(`${server.address}/documents`, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: expect.arrayContaining([expect.objectContaining({ path })]),
    });
    expect(server.ingested).toEqual([]);
  });

  it('refuses JSON that is larger than its limit, and says what to do instead', async () => {
    await using server = await uploadServer();
    const documents = [{ name: 'a', text: 'x'.repeat(4_000_000) }];
    const response = await postJson(`${server.address}/documents`, { documents });
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { detail: expect.stringContaining('multipart/form-data') },
    ]);
  });
});
