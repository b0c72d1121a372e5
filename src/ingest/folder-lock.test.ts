import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { acquireFolderLock, folderLockHolder } from './folder-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('folder lock', () => {
  it('lets one writer in and names it to the next', async () => {
    using _held = await acquireFolderLock(folder, { holder: 'the first' });
    expect(folderLockHolder(folder)).toBe('the first');
    await expect(acquireFolderLock(folder, { holder: 'the second', timeoutMs: 0 })).rejects.toMatchObject({
      code: 'DATA_FOLDER_BUSY',
      message: expect.stringContaining('the first'),
    });
  });

  it('lets the next writer in when the first is done', async () => {
    const first = await acquireFolderLock(folder, { holder: 'the first' });
    const waitedFor: string[] = [];
    const second = acquireFolderLock(folder, {
      holder: 'the second',
      onWait: (holder) => {
        waitedFor.push(holder);
        first[Symbol.dispose]();
      },
    });
    using _held = await second;
    expect(waitedFor).toEqual(['the first']);
    expect(folderLockHolder(folder)).toBe('the second');
  });

  it('ends the wait when the signal is aborted', async () => {
    using _held = await acquireFolderLock(folder, { holder: 'the first' });
    const controller = new AbortController();
    const waiting = acquireFolderLock(folder, {
      holder: 'the second',
      signal: controller.signal,
      onWait: () => controller.abort(new Error('enough')),
    });
    await expect(waiting).rejects.toThrow('enough');
  });

  it('is free again after its holder is killed', async () => {
    const script = `
      import { acquireFolderLock } from ${JSON.stringify(new URL('folder-lock.ts', import.meta.url).href)};
      await acquireFolderLock(${JSON.stringify(folder)}, { holder: 'the killed one' });
      console.log('held');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    expect(folderLockHolder(folder)).toBe('the killed one');
    child.kill('SIGKILL');
    await once(child, 'exit');
    using _held = await acquireFolderLock(folder, { holder: 'the next', timeoutMs: 5_000 });
    expect(folderLockHolder(folder)).toBe('the next');
  });

  it('says so when the folder cannot be written', async () => {
    await expect(acquireFolderLock('/dev/null/data', { holder: 'nobody' })).rejects.toMatchObject({
      code: 'DATA_FOLDER',
    });
  });
});
