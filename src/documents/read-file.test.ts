import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { identifyFile, readFile } from './read-file.ts';

const settings = { chunkSize: 16, chunkOverlap: 0, maxFileBytes: 3 * 1024 ** 2 };
const refusal = (message: string) =>
  expect.objectContaining({ code: 'UNREADABLE_DOCUMENT', message: expect.stringContaining(message) });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-read-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content?: string | Uint8Array) {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  return { path, uri: name };
}

describe('readFile', () => {
  it('gives a document and chunks that name it, whatever the format', async () => {
    const read = await readFile(file('notes.MD', '# Notes\n\nSome words.'), settings);
    expect(read).toMatchObject({
      document: { uri: 'notes.MD', title: 'Notes', mediaType: 'text/markdown', bytes: 20, metadata: {} },
      chunks: [{ text: '# Notes\n\nSome words.', start: 0, end: 20, heading: 'Notes' }],
    });
    expect(isAbsolute(read?.document.source ?? '')).toBe(true);
  });

  it('takes the name of a file that has no title', async () => {
    expect((await readFile(file('plain.txt', 'Words.'), settings))?.document.title).toBe('plain.txt');
  });

  it('knows the version of a file as identifyFile does, also of several blocks', async () => {
    const large = file('large.txt', 'Words and words. '.repeat(100_000));
    const identity = await identifyFile(large, settings);
    expect((await readFile(large, settings))?.document).toMatchObject(identity);
    expect((await identifyFile(large, { ...settings, chunkSize: 17 })).contentHash).not.toBe(
      identity.contentHash,
    );
    expect(await readFile(large, settings, [identity.id])).toBeUndefined();
  });

  it.each([
    ['empty', 'a.txt', '', 'empty'],
    ['blank', 'a.md', ' \n\t', 'no text'],
    ['binary', 'a.txt', Buffer.alloc(50), 'binary'],
    ['too large', 'a.txt', 'x'.repeat(3 * 1024 ** 2 + 1), 'has 3 MB, and at most 3 MB are read'],
    ['of another kind', 'a.exe', 'MZ', 'ending in ".exe"'],
    ['no PDF', 'a.pdf', 'words', 'not a PDF'],
    ['no DOCX', 'a.docx', 'words', 'damaged'],
    ['only scripts', 'a.html', '<script>x()</script>', 'no text'],
    ['not there', 'a.txt', undefined, 'not there any more'],
  ])('refuses a file that is %s', async (_, name, content, reason) => {
    await expect(readFile(file(name, content), settings)).rejects.toThrow(refusal(reason));
  });

  it('refuses a folder', async () => {
    mkdirSync(join(folder, 'folder.txt'));
    await expect(readFile(file('folder.txt'), settings)).rejects.toThrow(refusal('not a regular file'));
  });

  it.skipIf(process.platform === 'win32')(
    'refuses a named pipe and does not wait for its writer',
    async () => {
      execFileSync('mkfifo', [join(folder, 'pipe.txt')]);
      await expect(readFile(file('pipe.txt'), settings)).rejects.toThrow(refusal('not a regular file'));
    },
  );

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'says that a file may not be read',
    async () => {
      const secret = file('secret.txt', 'Words.');
      chmodSync(secret.path, 0);
      await expect(readFile(secret, settings)).rejects.toThrow(refusal('permissions forbid it'));
    },
  );

  it('does not tell where a file stands that the system refuses', async () => {
    const long = file(`${'x'.repeat(300)}.txt`);
    const error: unknown = await readFile(long, settings).catch((error: unknown) => error);
    expect(error).toEqual(refusal('ENAMETOOLONG'));
    expect((error as Error).message).not.toContain(folder);
  });
});
