import type { Citation, Source } from '../citations/citation.ts';
import type { ErrorCode } from '../errors.ts';
import type { Usage } from '../llms/llm.ts';
import type { FinishReason, TurnTimings } from './turn-event.ts';

/** `complete` ran to its end, `partial` was stopped or cut, `failed` met an error, `running` is under way. */
export type TurnStatus = 'running' | 'complete' | 'partial' | 'failed';

/** How a turn ended: exactly what was streamed, so that a reload shows the same. */
export interface TurnOutcome {
  readonly status: Exclude<TurnStatus, 'running'>;
  readonly answer: string;
  readonly sources: readonly Source[];
  readonly citations: readonly Citation[];
  readonly finishReason?: FinishReason;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
  readonly usage?: Usage;
  readonly timings?: TurnTimings;
}

/** One question and what became of it. */
export interface TurnRecord {
  readonly turnId: string;
  readonly sessionId: string;
  readonly question: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly status: TurnStatus;
  /** Absent while it runs. */
  readonly outcome?: TurnOutcome;
}

/** A conversation, as it is listed. */
export interface SessionRecord {
  readonly id: string;
  /** The first question, shortened. */
  readonly title: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly turns: number;
}

/** Keeps conversations; implement this to add a store. A question and its answer are one row, so neither is orphaned. */
export interface HistoryStore extends AsyncDisposable {
  /** Stores the question before anything is generated; makes the session where it is new. */
  beginTurn(turn: {
    readonly turnId: string;
    readonly sessionId: string;
    readonly question: string;
  }): Promise<void>;
  /** Stores how it ended; called before the reader is told `done`. */
  finishTurn(turnId: string, outcome: TurnOutcome): Promise<void>;
  /** A session's turns, oldest first; with `limit` the last so many. */
  turns(sessionId: string, options?: { readonly limit?: number }): Promise<readonly TurnRecord[]>;
  session(sessionId: string): Promise<SessionRecord | undefined>;
  /** The sessions last used first. */
  sessions(options?: {
    readonly limit?: number;
    readonly offset?: number;
  }): Promise<readonly SessionRecord[]>;
  /** False where there was none. */
  deleteSession(sessionId: string): Promise<boolean>;
}
