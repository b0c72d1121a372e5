import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
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

/** Root may read everything, so that what may not be read needs another user. */
async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return work();
  chmodSync(directory, 0o755);
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
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

  it('leaves out a data folder whose name looks like a glob, and takes what is named inside it', async () => {
    write('d/a.md', 'd/my [data] (1)/uploads/b.md');
    const never = join(directory, 'd/my [data] (1)');
    expect(await uris(['d'], { never })).toEqual(['d/a.md']);
    expect(await uris([join(never, 'uploads')], { never })).toEqual(['uploads/b.md']);
  });

  it.skipIf(process.platform === 'win32')('finds files whatever their names', async () => {
    const names = ['d/with spaces.md', 'd/größe 大.md', 'd/two\nlines.md', 'd/[x] {y} *.md', 'd/..dots/a.md'];
    write(...names);
    expect(await uris(['d'])).toEqual(names.filter((name) => !name.includes('..')).sort());
  });

  it('loses no file of a folder while others come and go in it', async () => {
    const kept = Array.from({ length: 200 }, (_, index) => `d/kept-${index}.md`).sort();
    write(...kept);
    const searched = new AbortController();
    const comeAndGo = async (name: string): Promise<void> => {
      while (!searched.signal.aborted) {
        await writeFile(join(directory, 'd', name), 'here for a moment');
        await rm(join(directory, 'd', name));
      }
    };
    const others = ['0.md', 'l.md', 'z.md'].map(comeAndGo);
    for (let round = 0; round < 30; round += 1) {
      expect((await uris(['d'])).filter((uri) => uri.includes('kept'))).toEqual(kept);
    }
    searched.abort();
    await Promise.all(others);
  });

  it.skipIf(process.platform === 'win32')(
    'tells which folder and file it may not look into, and goes on with the rest',
    async () => {
      write(
        'd/a.md',
        'd/locked/b.md',
        'd/listed/c.md',
        'd/.hidden/x.md',
        'd/ignored/x.md',
        'd/excluded/x.md',
      );
      writeFileSync(join(directory, 'd/.gitignore'), 'ignored\n');
      for (const name of ['locked', '.hidden', 'ignored', 'excluded'])
        chmodSync(join(directory, 'd', name), 0);
      chmodSync(join(directory, 'd/listed'), 0o444);
      const found = await asNobody(async () =>
        findFiles(['d'], { extensions, directory, exclude: ['excluded/**'] }),
      );
      expect(found.files.map(({ uri }) => uri)).toEqual(['d/a.md']);
      const reason = 'It may not be read: its permissions forbid it.';
      expect(found.unreadable).toEqual([
        { path: join(directory, 'd/locked'), uri: 'd/locked', reason },
        { path: join(directory, 'd/listed/c.md'), uri: 'd/listed/c.md', reason },
      ]);
      await expect(
        asNobody(async () => findFiles(['d/locked/b.md'], { extensions, directory })),
      ).rejects.toThrow(`"d/locked/b.md" cannot be ingested. ${reason}`);
    },
  );

  it.skipIf(process.platform === 'win32')('refuses what is neither a file nor a folder', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe.md')]);
    await expect(findFiles(['pipe.md'], { extensions, directory })).rejects.toThrow(
      '"pipe.md" is neither a file nor a folder.',
    );
  });

  it('names a path on one line', async () => {
    await expect(findFiles(['no\nsuch'], { extensions, directory })).rejects.toThrow(
      'There is no file or folder "no?such".',
    );
  });

  it('ends when its signal is aborted', async () => {
    write(...Array.from({ length: 50 }, (_, index) => `d/${index}/a.md`));
    const controller = new AbortController();
    const finding = findFiles(['d'], { extensions, directory, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(finding).rejects.toThrow('enough');
  });

  it.each(['missing', 'missing/*.md'])('names the path that leads nowhere: %s', async (path) => {
    await expect(findFiles([path], { extensions, directory })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(path),
    });
  });
});
