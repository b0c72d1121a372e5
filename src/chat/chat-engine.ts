import { randomUUID } from 'node:crypto';

import type { CitationQueryEngine } from '../citations/citation-query-engine.ts';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import type { LLM } from '../llms/llm.ts';
import type { MetadataFilters } from '../stores/metadata-filters.ts';
import { answerTurn } from './answer-turn.ts';
import type { HistoryStore } from './history-store.ts';
import type { ExecutionMode, TurnEvent } from './turn-event.ts';

/** One question of a session. */
export interface ChatTurn {
  /** 1 to 128 characters of `A-Z a-z 0-9 _ . : -`; a new session is made where it is unknown, or absent. */
  readonly sessionId?: string;
  readonly message: string;
  readonly topK?: number;
  readonly filters?: MetadataFilters;
  /** Aborting it stops the turn: what was written is kept as partial. */
  readonly signal?: AbortSignal;
}

/** What a chat engine is made of. */
export interface ChatEngineOptions {
  readonly engine: Pick<CitationQueryEngine, 'streamQuery'>;
  /** Rewrites follow-ups, where it can. */
  readonly llm: LLM;
  readonly history: HistoryStore;
  /** How many tokens of earlier turns a prompt carries at most. @default 2000 */
  readonly historyTokens?: number;
  /** @default 32_000 */
  readonly maxMessageCharacters?: number;
  /** @default 'async' */
  readonly mode?: ExecutionMode;
}

const SESSION_ID = /^[\w.:-]{1,128}$/;

/** Answers questions of sessions: history, follow-ups, and the record of every turn. */
export class ChatEngine {
  readonly #options: Required<ChatEngineOptions>;
  readonly #running = new Map<string, AbortController>();

  constructor(options: ChatEngineOptions) {
    this.#options = { historyTokens: 2000, maxMessageCharacters: 32_000, mode: 'async', ...options };
  }

  /** How many turns are under way. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * The turn's events, `turn` first and `done` or `error` last. Throws INVALID_INPUT, at the call, for a message that
   * is empty or too long and for a malformed session id; what fails after the first event is an `error` event.
   */
  stream(turn: ChatTurn): AsyncIterable<TurnEvent> {
    const { message, sessionId = `session_${randomUUID()}` } = turn;
    const { maxMessageCharacters } = this.#options;
    if (message.trim() === '')
      throw new InvalidInputError('The message is empty; ask a question.', { field: 'message' });
    if (message.length > maxMessageCharacters) {
      throw new InvalidInputError(
        `The message has ${message.length} characters; at most ${maxMessageCharacters} are taken.`,
        { field: 'message' },
      );
    }
    if (!SESSION_ID.test(sessionId)) {
      throw new InvalidInputError(
        `"${sessionId.slice(0, 200)}" is no session id; use 1 to 128 of the characters A-Z a-z 0-9 _ . : -`,
        { field: 'session_id' },
      );
    }
    return this.#stream({ ...turn, sessionId });
  }

  /** Stops a running turn, whoever reads it: its readers get `done` with `stopped`. False where no such turn runs. */
  stop(turnId: string): boolean {
    const controller = this.#running.get(turnId);
    controller?.abort(new CitestreamError('INTERNAL', 'The turn was stopped.'));
    return controller !== undefined;
  }

  async *#stream(turn: ChatTurn & { readonly sessionId: string }): AsyncGenerator<TurnEvent> {
    const { engine, llm, history, historyTokens, mode } = this.#options;
    const turnId = `turn_${randomUUID()}`;
    const controller = new AbortController();
    const signal =
      turn.signal === undefined ? controller.signal : AbortSignal.any([turn.signal, controller.signal]);
    this.#running.set(turnId, controller);
    try {
      yield* answerTurn({
        turnId,
        sessionId: turn.sessionId,
        question: turn.message,
        mode,
        engine,
        llm,
        history,
        historyTokens,
        signal,
        ...(turn.topK === undefined ? {} : { topK: turn.topK }),
        ...(turn.filters === undefined ? {} : { filters: turn.filters }),
      });
    } finally {
      this.#running.delete(turnId);
    }
  }
}
