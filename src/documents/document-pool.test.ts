import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { zipSync } from 'fflate';
import { PDFDocument, StandardFonts } from 'pdf-lib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { DocumentPool, type DocumentPoolOptions } from './document-pool.ts';

const settings = { chunkSize: 64, chunkOverlap: 8, maxFileBytes: 50 * 1024 ** 2 };
const poolOf = (options: Partial<DocumentPoolOptions> = {}) =>
  new DocumentPool({ settings, threads: 1, ...options });
const refusal = (message: string) =>
  expect.objectContaining({ code: 'UNREADABLE_DOCUMENT', message: expect.stringContaining(message) });
/** Takes many times as long as any limit of these tests, and not much memory. */
const SLOW_TEXT = '```\n'.repeat(2_500_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-pool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array = 'Some words.') {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, uri: name };
}

describe('DocumentPool', () => {
  it('reads files of every kind, several at a time', async () => {
    await using pool = poolOf({ threads: 2 });
    const pdf = await PDFDocument.create();
    const font = await pdf.embedFont(StandardFonts.Helvetica);
    for (const words of ['Page one.', 'Page two.']) pdf.addPage().drawText(words, { font });
    const files = [
      file('a.md', '# A\n\nwords'),
      file('b.html', '<p>words'),
      file('c.pdf', await pdf.save()),
      file('d.jsonl', '{"_id":"x","text":"words"}'),
    ];
    const batches = await Promise.all(files.map(async (file) => pool.read(file)));
    expect(
      batches.map(({ documents }) =>
        documents.map(({ document, chunks }) => [document.uri, chunks[0]?.page]),
      ),
    ).toEqual([[['a.md', undefined]], [['b.html', undefined]], [['c.pdf', 1]], [['d.jsonl#x', undefined]]]);
  });

  it('hands over all chunks of a large document, in order, with the offsets of the text', async () => {
    await using pool = poolOf();
    const text = Array.from({ length: 20_000 }, (_, number) => `This is sentence ${number} of many.`).join(
      ' ',
    );
    const { documents } = await pool.read(file('large.txt', text));
    const chunks = documents[0]?.chunks ?? [];
    expect(chunks.length).toBeGreaterThan(2000);
    expect(chunks.map(({ index }) => index)).toEqual([...chunks.keys()]);
    for (const { start, end, text: words } of chunks) expect(text.slice(start, end)).toBe(words);
    expect(chunks.at(-1)?.end).toBe(text.length);
  });

  it('goes through a JSON Lines file from cursor to cursor and names the lines', async () => {
    await using pool = poolOf();
    const lines = file(
      'many.jsonl',
      Array.from({ length: 600 }, (_, id) => (id === 550 ? '{' : `{"_id":${id},"text":"t"}`)).join('\n'),
    );
    const counts: number[] = [];
    const reasons: string[] = [];
    for (let cursor: number | undefined = 0; cursor !== undefined;) {
      const batch: Awaited<ReturnType<DocumentPool['read']>> = await pool.read(lines, { cursor });
      counts.push(batch.documents.length);
      reasons.push(...batch.failures.map(({ reason }) => reason));
      cursor = batch.nextCursor;
    }
    expect(counts).toEqual([256, 256, 87]);
    expect(reasons).toEqual([expect.stringContaining('Line 551')]);
  });

  it('inspects without parsing, and agrees with what is read', async () => {
    await using pool = poolOf();
    const notPdf = file('a.pdf', 'not a PDF at all');
    expect((await pool.inspect(notPdf)).documents).toEqual([expect.objectContaining({ uri: 'a.pdf' })]);
    const text = file('b.txt');
    const [identity] = (await pool.inspect(text)).documents;
    expect((await pool.read(text)).documents[0]?.document).toMatchObject(identity ?? {});
    expect((await pool.read(text, { skip: [identity?.id ?? ''] })).documents).toEqual([]);
  });

  it('reports unreadable files one by one and goes on', async () => {
    await using pool = poolOf({ maxHeapMb: 128 });
    const bomb = zipSync({
      '[Content_Types].xml': Buffer.from('<a/>'),
      'word/document.xml': Buffer.alloc(40 * 1024 ** 2),
    });
    for (const [name, content, reason] of [
      ['empty.txt', '', 'empty'],
      ['binary.txt', Buffer.alloc(100), 'binary'],
      ['bomb.docx', bomb, 'unpacks to more than'],
      ['nested.html', `<div>${'<b>x<table>'.repeat(900_000)}`, 'memory'],
    ] as const) {
      await expect(pool.read(file(name, content))).rejects.toThrow(refusal(reason));
    }
    expect((await pool.read(file('good.txt'))).documents).toHaveLength(1);
  });

  it('ends a file that takes too long, while those that wait lose no time', async () => {
    await using pool = poolOf({ fileTimeoutMs: 4000 });
    const slow = pool.read(file('slow.txt', SLOW_TEXT));
    slow.catch(() => {});
    const good = await Promise.all([1, 2, 3].map(async (number) => pool.read(file(`${number}.txt`))));
    await expect(slow).rejects.toThrow(refusal('longer than 4 s'));
    expect(good.flatMap(({ documents }) => documents.map(({ document }) => document.uri))).toEqual([
      '1.txt',
      '2.txt',
      '3.txt',
    ]);
  });

  it('stops reading and waiting when the signal is aborted', async () => {
    await using pool = poolOf();
    const controller = new AbortController();
    const { signal } = controller;
    const outcomes = Promise.allSettled([
      pool.read(file('slow.txt', SLOW_TEXT), { signal }),
      pool.read(file('waiting.txt'), { signal }),
    ]);
    const other = pool.read(file('other.txt'));
    controller.abort(new Error('enough'));
    expect(await outcomes).toEqual([1, 2].map(() => ({ status: 'rejected', reason: new Error('enough') })));
    expect((await other).documents).toHaveLength(1);
    await expect(pool.read(file('late.txt'), { signal })).rejects.toThrow('enough');
  });

  it('refuses more callers than may wait', async () => {
    await using pool = poolOf({ maxQueue: 1 });
    const text = file('a.txt');
    const [first, second, third] = await Promise.allSettled([
      pool.read(text),
      pool.read(text),
      pool.read(text),
    ]);
    expect([first?.status, second?.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(third).toMatchObject({ status: 'rejected', reason: { code: 'OVERLOADED', retryable: true } });
  });

  it('rejects what is under way with SHUTTING_DOWN when it is disposed of', async () => {
    const pool = poolOf();
    const outcomes = Promise.allSettled([pool.read(file('slow.txt', SLOW_TEXT)), pool.read(file('a.txt'))]);
    await pool[Symbol.asyncDispose]();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SHUTTING_DOWN' } });
    }
    await expect(pool.inspect(file('b.txt'))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d threads', (threads) => {
    expect(() => poolOf({ threads })).toThrow('threads');
  });
});
