import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { describeHistoryStore } from '../testing/history-store-contract.ts';
import { SqliteHistoryStore } from './sqlite-history-store.ts';

let folder: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-history-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const newFile = () => join(folder, `${(files += 1)}`, 'history.sqlite');

describeHistoryStore('SQLite', async () => new SqliteHistoryStore(newFile()));

describe('the SQLite history', () => {
  it('is there again after it was closed', async () => {
    const file = newFile();
    {
      await using history = new SqliteHistoryStore(file);
      await history.beginTurn({ turnId: 't1', sessionId: 's1', question: 'What?' });
    }
    await using history = new SqliteHistoryStore(file);
    expect(await history.session('s1')).toMatchObject({ title: 'What?', turns: 1 });
  });

  it('serves two processes on one file', async () => {
    const file = newFile();
    await using first = new SqliteHistoryStore(file);
    await using second = new SqliteHistoryStore(file);
    await first.beginTurn({ turnId: 't1', sessionId: 's1', question: 'One?' });
    await second.beginTurn({ turnId: 't2', sessionId: 's1', question: 'Two?' });
    expect((await first.turns('s1')).map(({ question }) => question)).toEqual(['One?', 'Two?']);
  });

  it('refuses a file that another version made', () => {
    const file = join(folder, 'newer.sqlite');
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => new SqliteHistoryStore(file)).toThrow(expect.objectContaining({ code: 'STORE_MISMATCH' }));
  });

  it('says what is wrong with a file that is no database', () => {
    const file = join(folder, 'broken.sqlite');
    writeFileSync(file, 'this is not a database, and it is long enough to be looked at as one'.repeat(20));
    expect(() => new SqliteHistoryStore(file)).toThrow(
      expect.objectContaining({ code: 'DATA_FOLDER', message: expect.stringContaining(file) }),
    );
  });
});
