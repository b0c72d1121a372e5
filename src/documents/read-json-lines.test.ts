import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { identifyJsonLines, readJsonLines } from './read-json-lines.ts';

const settings = { chunkSize: 64, chunkOverlap: 0, maxFileBytes: 10 };
const file = () => ({ path: join(folder, 'corpus.jsonl'), uri: 'corpus.jsonl' });
const record = (id: string | number, text = `Text of ${id}.`) =>
  JSON.stringify({ _id: id, title: `Title ${id}`, text });
const refusal = (message: string) =>
  expect.objectContaining({ code: 'UNREADABLE_DOCUMENT', message: expect.stringContaining(message) });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-json-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reads to the end of the file, batch by batch. */
async function readAll(content: string | Uint8Array) {
  writeFileSync(file().path, content);
  const documents = [];
  const reasons: string[] = [];
  let batches = 0;
  for (let position: { offset: number } | undefined = { offset: 0 }; position !== undefined;) {
    const batch = await readJsonLines(file(), settings, position);
    documents.push(...batch.documents);
    reasons.push(...batch.failures.map(({ reason }) => reason));
    batches += 1;
    position = batch.next;
  }
  return { documents, reasons, batches };
}

describe('readJsonLines', () => {
  it('reads a document a line: its title with its text, its metadata, its own name', async () => {
    const { documents } = await readAll(
      `\ufeff{"_id":"a","title":"One","text":"Words.","metadata":{"year":1958,"nested":{}}}\r\n\n{"_id":7,"text":"Untitled."}`,
    );
    expect(
      documents.map(({ document, chunks }) => [document.uri, document.title, chunks.map(({ text }) => text)]),
    ).toEqual([
      ['corpus.jsonl#a', 'One', ['One\n\nWords.']],
      ['corpus.jsonl#7', '7', ['Untitled.']],
    ]);
    expect(documents[0]?.document.metadata).toEqual({ year: 1958 });
  });

  it('names each line that it leaves out, and why, and reads the others', async () => {
    const { documents, reasons } = await readAll(
      [
        record('a'),
        '{"_id":',
        '[]',
        '{"text":"x"}',
        '{"_id":"e","text":"  "}',
        '{"_id":"f","text":5}',
        record('a'),
        '',
        record('z'),
      ].join('\n'),
    );
    expect(documents.map(({ document }) => document.uri)).toEqual(['corpus.jsonl#a', 'corpus.jsonl#z']);
    expect(reasons).toEqual([
      'Line 2 is left out: it is not valid JSON in UTF-8.',
      'Line 3 is left out: it is not a JSON object.',
      'Line 4 is left out: it has no "_id", which has to be a text or a number.',
      'Line 5 is left out: it has no text.',
      'Line 6 is left out: its "text" is not a text.',
      'Line 7 is left out: its "_id" "a" is an earlier line\'s.',
    ]);
  });

  it('goes on from batch to batch and counts lines through', async () => {
    const lines = Array.from({ length: 1000 }, (_, line) => (line === 900 ? 'broken' : record(line)));
    const { documents, reasons, batches } = await readAll(`${lines.join('\n\n')}\n`);
    expect(documents.map(({ document }) => document.uri)).toEqual(
      lines.flatMap((_, line) => (line === 900 ? [] : [`corpus.jsonl#${line}`])),
    );
    expect(reasons).toEqual(['Line 1801 is left out: it is not valid JSON in UTF-8.']);
    expect(batches).toBe(4);
  });

  it('passes over a line that is too long', async () => {
    const { documents, reasons } = await readAll(
      `${record('a')}\n${record('b', 'x'.repeat(9 * 1024 ** 2))}\n${record('c')}`,
    );
    expect(documents.map(({ document }) => document.title)).toEqual(['Title a', 'Title c']);
    expect(reasons).toEqual(['Line 2 is left out: it is longer than 8 MB, which is the limit.']);
  });

  it('does not come back for every few blank lines', async () => {
    const { documents, batches } = await readAll(`${'\n'.repeat(100_000)}${record('a')}`);
    expect([documents.length, batches]).toEqual([1, 1]);
  });

  it.each([
    ['is empty', '', 'empty'],
    ['is blank', '\n \n', 'empty'],
    ['is in UTF-16', Buffer.from(record('a'), 'utf16le'), 'UTF-16'],
    ['has no readable line among its first', 'x\n'.repeat(100_000), 'No line of 256 can be read'],
  ])('refuses a file that %s once, and not at each line', async (_, content, reason) => {
    await expect(readAll(content)).rejects.toThrow(refusal(reason));
  });

  it('does not parse what is to be skipped, and tells versions apart by their line alone', async () => {
    await readAll(`${record('a')}\n${record('b')}`);
    const before = (await identifyJsonLines(file(), settings, { offset: 0 })).documents;
    writeFileSync(file().path, `${record('new')}\n${record('a')}\n${record('b', 'Changed.')}`);
    const after = (await identifyJsonLines(file(), settings, { offset: 0 })).documents;
    const hashOf = (documents: typeof before, id: string) =>
      documents.find(({ uri }) => uri.endsWith(`#${id}`))?.contentHash;
    expect(hashOf(after, 'a')).toBe(hashOf(before, 'a'));
    expect(hashOf(after, 'b')).not.toBe(hashOf(before, 'b'));
    const skip = after.filter(({ uri }) => !uri.endsWith('#b')).map(({ id }) => id);
    const { documents } = await readJsonLines(file(), settings, { offset: 0, skip });
    expect(documents.map(({ document }) => document.uri)).toEqual(['corpus.jsonl#b']);
  });

  it('leaves out metadata whose names or values cannot be filtered by', async () => {
    const metadata = { good: 'x', ['k'.repeat(5000)]: 1, '': 2, mixed: [1, 'a'], nothing: null };
    const { documents } = await readAll(JSON.stringify({ _id: 1, text: 'Words.', metadata }));
    expect(documents[0]?.document.metadata).toEqual({ good: 'x' });
  });
});
