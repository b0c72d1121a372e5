import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

import { knownFolderFailure } from '../config/folder-failure.ts';
import { makeFolder } from '../config/make-folder.ts';
import { CitestreamError } from '../errors.ts';
import type { HistoryStore, SessionRecord, TurnOutcome, TurnRecord, TurnStatus } from './history-store.ts';

const SCHEMA_VERSION = 1;
const MAX_TITLE_CHARACTERS = 80;

const SCHEMA = `
  CREATE TABLE sessions (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_use ON sessions (updated_at DESC, id);
  CREATE TABLE turns (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    turn_id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    question TEXT NOT NULL, created_at TEXT NOT NULL, status TEXT NOT NULL, outcome TEXT
  ) STRICT;
  CREATE INDEX turns_by_session ON turns (session_id, number);
`;

const SELECT_SESSION = `
  SELECT id, title, created_at, updated_at, (SELECT count(*) FROM turns WHERE session_id = sessions.id) AS turns
  FROM sessions`;

type Row = Record<string, SQLOutputValue>;

/**
 * Sessions in one SQLite file, for one machine. Each call is one short transaction on the event loop (some tens of
 * microseconds); with the write-ahead log, what a call has stored outlives `kill -9`.
 * Throws DATA_FOLDER when the file cannot be opened, STORE_MISMATCH when another version made it.
 */
export class SqliteHistoryStore implements HistoryStore {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = open(path);
  }

  async beginTurn(turn: {
    readonly turnId: string;
    readonly sessionId: string;
    readonly question: string;
  }): Promise<void> {
    const now = new Date().toISOString();
    this.#transaction(() => {
      this.#database
        .prepare(
          `INSERT INTO sessions VALUES (?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at`,
        )
        .run(turn.sessionId, titleOf(turn.question), now, now);
      this.#database
        .prepare(
          `INSERT INTO turns (turn_id, session_id, question, created_at, status) VALUES (?, ?, ?, ?, 'running')`,
        )
        .run(turn.turnId, turn.sessionId, turn.question, now);
    });
  }

  async finishTurn(turnId: string, outcome: TurnOutcome): Promise<void> {
    this.#transaction(() => {
      this.#database
        .prepare('UPDATE turns SET status = ?, outcome = ? WHERE turn_id = ?')
        .run(outcome.status, JSON.stringify(outcome), turnId);
      this.#database
        .prepare(
          'UPDATE sessions SET updated_at = ? WHERE id = (SELECT session_id FROM turns WHERE turn_id = ?)',
        )
        .run(new Date().toISOString(), turnId);
    });
  }

  async turns(
    sessionId: string,
    { limit = -1 }: { readonly limit?: number } = {},
  ): Promise<readonly TurnRecord[]> {
    const newestFirst = this.#database
      .prepare('SELECT * FROM turns WHERE session_id = ? ORDER BY number DESC LIMIT ?')
      .all(sessionId, limit);
    return newestFirst.reverse().map(toTurn);
  }

  async session(sessionId: string): Promise<SessionRecord | undefined> {
    const row = this.#database.prepare(`${SELECT_SESSION} WHERE id = ?`).get(sessionId);
    return row === undefined ? undefined : toSession(row);
  }

  async sessions({
    limit = 50,
    offset = 0,
  }: { readonly limit?: number; readonly offset?: number } = {}): Promise<readonly SessionRecord[]> {
    return this.#database
      .prepare(`${SELECT_SESSION} ORDER BY updated_at DESC, id LIMIT ? OFFSET ?`)
      .all(limit, offset)
      .map(toSession);
  }

  async deleteSession(sessionId: string): Promise<boolean> {
    return this.#transaction(
      () => this.#database.prepare('DELETE FROM sessions WHERE id = ?').run(sessionId).changes > 0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #transaction<Result>(work: () => Result): Result {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw failure('The history could not be written', error);
    }
  }
}

/** SQLite's failure as one of the house, with what to do about it. */
function failure(what: string, cause: unknown): CitestreamError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const { reason, remedy } = /not a database|malformed/.test(message)
    ? { reason: 'it is damaged', remedy: 'Move it away to start a new one.' }
    : (knownFolderFailure(cause) ?? { reason: message, remedy: 'Try again.' });
  return new CitestreamError('DATA_FOLDER', `${what}: ${reason}. ${remedy}`, { cause });
}

function open(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    makeFolder(dirname(path));
    database = new DatabaseSync(path);
    // Another process writes for microseconds at a time, so a short wait is enough and the loop hardly notices.
    database.exec(
      'PRAGMA busy_timeout = 200; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON',
    );
    migrate(database, path);
    return database;
  } catch (error) {
    if (database?.isOpen === true) database.close();
    throw error instanceof CitestreamError ? error : failure(`The history ${path} cannot be opened`, error);
  }
}

function migrate(database: DatabaseSync, path: string): void {
  database.exec('BEGIN IMMEDIATE');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version === 0) database.exec(`${SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.exec('COMMIT');
  if (version !== 0 && version !== SCHEMA_VERSION) {
    throw new CitestreamError(
      'STORE_MISMATCH',
      `The history ${path} has schema version ${version}; this citestream reads version ${SCHEMA_VERSION}. ` +
        'Use the citestream that made it, or move the file away to start a new history.',
    );
  }
}

function titleOf(question: string): string {
  const line = question.trim().replaceAll(/\s+/g, ' ');
  if (line.length <= MAX_TITLE_CHARACTERS) return line;
  // Half of a surrogate pair at the cut goes with the rest.
  return `${line.slice(0, MAX_TITLE_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function toSession(row: Row): SessionRecord {
  return {
    id: String(row['id']),
    title: String(row['title']),
    createdAt: String(row['created_at']),
    updatedAt: String(row['updated_at']),
    turns: Number(row['turns']),
  };
}

function toTurn(row: Row): TurnRecord {
  const outcome = row['outcome'];
  return {
    turnId: String(row['turn_id']),
    sessionId: String(row['session_id']),
    question: String(row['question']),
    createdAt: String(row['created_at']),
    // Written by this class alone, in one of these words.
    status: row['status'] as TurnStatus,
    ...(typeof outcome === 'string' ? { outcome: JSON.parse(outcome) as TurnOutcome } : {}),
  };
}
