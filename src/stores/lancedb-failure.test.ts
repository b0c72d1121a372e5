import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleDocument } from '../testing/example-documents.ts';
import { LanceDBStore } from './lancedb-store.ts';

let root: string;
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'citestream-failing-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

const newFolder = () => join(root, `store-${(made += 1)}`);
const moduleUrl = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

describe('LanceDBStore on a folder that fails says in one sentence what is wrong and what to do', () => {
  it.each([
    ['truncated commits', '_versions', true],
    ['truncated rows', 'data', true],
    ['missing rows', 'data', false],
    ['a missing index', '_indices', false],
  ])('with %s', async (_, part, isTruncated) => {
    const folder = newFolder();
    {
      await using made = await LanceDBStore.open(folder);
      await made.replaceDocuments([exampleDocument('a', ['granite'])]);
      await made.optimize();
    }
    const damaged = join(folder, 'documents.lance', part);
    for (const entry of await readdir(damaged, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      await (isTruncated ? truncate(file, 10) : rm(file));
    }
    const use = async () => {
      await using store = await LanceDBStore.open(folder);
      return await store.query({ mode: 'sparse', text: 'granite', topK: 1 });
    };
    await expect(use()).rejects.toMatchObject({
      code: 'DATA_FOLDER',
      message: expect.stringMatching(
        /cannot be used: files in it are missing or damaged\. Delete it and ingest again/,
      ) as string,
    });
  });

  it.skipIf(process.platform === 'win32')('where no space is left, and keeps what was stored', async () => {
    const folder = newFolder();
    // A limit on the size of files stands for a full disk: the system refuses to write more of them.
    const limited = ['-c', `trap '' XFSZ; ulimit -f 60; exec "$0" "$@"`, process.execPath];
    const script = `const { LanceDBStore } = await import(${moduleUrl('./lancedb-store.ts')});
        const store = await LanceDBStore.open(${JSON.stringify(folder)});
        const texts = (n) => Array.from({ length: 300 }, () => 'word '.repeat(n) + Math.random());
        const { exampleDocument } = await import(${moduleUrl('../testing/example-documents.ts')});
        await store.replaceDocuments([exampleDocument('small', ['granite'])]);
        await store.replaceDocuments([exampleDocument('large', texts(300))]).catch((error) =>
          console.log(JSON.stringify({ code: error.code, message: error.message })));`;
    const { stdout } = await promisify(execFile)('bash', [
      ...limited,
      '--input-type=module',
      '--eval',
      script,
    ]);
    expect(JSON.parse(stdout)).toEqual({
      code: 'DATA_FOLDER',
      message:
        'Storing documents failed, for the data folder cannot be used: there is no space left for it. Make space and try again; what was stored before is kept.',
    });
    await using store = await LanceDBStore.open(folder);
    expect((await store.listDocuments()).map(({ id }) => id)).toEqual(['small']);
  });
});
