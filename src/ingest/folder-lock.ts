import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

import { unusableFolder } from '../config/folder-failure.ts';
import { makeFolder } from '../config/make-folder.ts';
import { CitestreamError } from '../errors.ts';

/** Held while one writer works on a data folder; dispose it to let the next one in. */
export type FolderLock = Disposable;

/** How to wait for the lock. */
export interface FolderLockOptions {
  /** Who holds it, told to those who wait: `citestream ingest, process 4711`. */
  readonly holder: string;
  /** Called once with the present holder, when there is one. */
  readonly onWait?: (holder: string) => void;
  /** How long to wait; 0 is one try. @default 600_000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const POLL_MS = 100;

/**
 * One writer at a time on a data folder, over all processes of the machine. The lock is SQLite's own, which the
 * operating system takes back when a process dies: nothing is left behind by `kill -9`, and no stale lock is guessed at.
 * Throws DATA_FOLDER_BUSY, naming the holder, when the time is up, and DATA_FOLDER where the folder cannot be used.
 */
export async function acquireFolderLock(dataDir: string, options: FolderLockOptions): Promise<FolderLock> {
  const { timeoutMs = 600_000, signal } = options;
  const deadline = performance.now() + timeoutMs;
  const database = openLockDatabase(dataDir);
  let told = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (tryLock(database, options.holder)) {
        return {
          [Symbol.dispose]() {
            if (database.isOpen) database.close();
          },
        };
      }
      const holder = readHolder(database);
      if (performance.now() >= deadline) {
        throw new CitestreamError(
          'DATA_FOLDER_BUSY',
          `The data folder ${dataDir} is being written by ${holder}. Try again when it has finished.`,
        );
      }
      if (!told) options.onWait?.(holder);
      told = true;
      await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
    }
  } catch (error) {
    database.close();
    signal?.throwIfAborted();
    throw isSqliteError(error) ? unusableFolder(dataDir, error) : error;
  }
}

/** Who holds the lock now, or `undefined`; for diagnosis only, since it may change at once. */
export function folderLockHolder(dataDir: string): string | undefined {
  const database = openLockDatabase(dataDir);
  try {
    return tryLock(database, undefined) ? undefined : readHolder(database);
  } catch (error) {
    throw unusableFolder(dataDir, error);
  } finally {
    database.close();
  }
}

function openLockDatabase(dataDir: string): DatabaseSync {
  try {
    makeFolder(dataDir);
    const database = new DatabaseSync(join(dataDir, 'ingest.lock'));
    // Waiting is done by the caller's timer: SQLite's own would stop the event loop.
    database.exec('PRAGMA busy_timeout = 0');
    return database;
  } catch (error) {
    throw unusableFolder(dataDir, error);
  }
}

/** The holder's name is committed first, since those who wait cannot read what is not; then the lock is taken again. */
function tryLock(database: DatabaseSync, holder: string | undefined): boolean {
  try {
    database.exec('BEGIN IMMEDIATE');
    if (holder === undefined) {
      database.exec('ROLLBACK');
      return true;
    }
    database.exec('CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
    database.prepare('INSERT OR REPLACE INTO holder VALUES (1, ?)').run(holder);
    database.exec('COMMIT');
    database.exec('BEGIN IMMEDIATE');
    if (readHolder(database) === holder) return true;
    database.exec('ROLLBACK');
    return false;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    if (isBusy(error)) return false;
    throw error;
  }
}

function readHolder(database: DatabaseSync): string {
  try {
    const row = database.prepare('SELECT name FROM holder WHERE id = 1').get();
    return typeof row?.['name'] === 'string' ? row['name'] : 'another process';
  } catch {
    return 'another process';
  }
}

/** SQLITE_BUSY and its extended codes. */
function isBusy(error: unknown): boolean {
  return isSqliteError(error) && (Number(error.errcode) & 0xff) === 5;
}

function isSqliteError(error: unknown): error is Error & { readonly errcode: unknown } {
  return error instanceof Error && 'errcode' in error;
}
