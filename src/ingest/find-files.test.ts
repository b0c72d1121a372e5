import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findFiles } from './find-files.ts';

let directory: string;
const extensions = new Set(['.md', '.txt']);

function write(...names: string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), name);
  }
}

async function uris(
  paths: string[],
  options: { exclude?: string[]; never?: string } = {},
): Promise<string[]> {
  const { files } = await findFiles(paths, { extensions, directory, ...options });
  return files.map(({ uri }) => uri);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'citestream-find-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('finding files', () => {
  it('searches a folder for the kinds it can read and counts the others', async () => {
    write('papers/a.md', 'papers/deep/er/b.TXT', 'papers/photo.png');
    const found = await findFiles(['papers'], { extensions, directory });
    expect(found.files).toEqual([
      { path: join(directory, 'papers/a.md'), uri: 'papers/a.md', bytes: 11 },
      { path: join(directory, 'papers/deep/er/b.TXT'), uri: 'papers/deep/er/b.TXT', bytes: 20 },
    ]);
    expect(found).toMatchObject({ folders: [join(directory, 'papers')], skipped: 1 });
  });

  it('leaves out hidden files, node_modules and what ignore files and excludes name', async () => {
    write(
      'd/a.md',
      'd/.hidden.md',
      'd/.git/x.md',
      'd/node_modules/x.md',
      'd/drafts/x.md',
      'd/sub/secret.md',
      'd/old.md',
    );
    writeFileSync(join(directory, 'd/.gitignore'), 'drafts/\n');
    writeFileSync(join(directory, 'd/sub/.citestreamignore'), 'secret.md\n');
    expect(await uris(['d'], { exclude: ['old.*'] })).toEqual(['d/a.md']);
  });

  it('searches a folder that an ignore file above it names', async () => {
    write('data/a.md');
    writeFileSync(join(directory, '.gitignore'), 'data/\n');
    expect(await uris(['data'])).toEqual(['data/a.md']);
  });

  it('takes a file that is named, whatever its kind', async () => {
    write('notes.xyz');
    expect(await uris(['notes.xyz'])).toEqual(['notes.xyz']);
  });

  it('understands globs, and takes a file once however often it is named', async () => {
    write('a/x.md', 'a/y.txt', 'b/z.md');
    expect(await uris(['*/*.md', 'a/x.md', 'a'])).toEqual(['a/x.md', 'a/y.txt', 'b/z.md']);
  });

  it('never enters the data folder, and follows no link out of a folder', async () => {
    write('d/a.md', 'd/store/b.md', 'outside/c.md');
    symlinkSync(join(directory, 'outside'), join(directory, 'd/link'));
    expect(await uris(['d'], { never: join(directory, 'd/store') })).toEqual(['d/a.md']);
  });

  it('shows a file from elsewhere without its absolute path', async () => {
    write('deep/folder/a.md');
    const found = await findFiles([join(directory, 'deep/folder/a.md')], {
      extensions,
      directory: join(directory, 'elsewhere'),
    });
    expect(found.files[0]?.uri).toBe('folder/a.md');
  });

  it.each(['missing', 'missing/*.md'])('names the path that leads nowhere: %s', async (path) => {
    await expect(findFiles([path], { extensions, directory })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(path),
    });
  });
});
