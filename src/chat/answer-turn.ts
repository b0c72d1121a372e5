import type { CitationQueryEngine } from '../citations/citation-query-engine.ts';
import { toCitestreamError } from '../errors.ts';
import type { LLM } from '../llms/llm.ts';
import type { MetadataFilters } from '../stores/metadata-filters.ts';
import { conversation } from './conversation.ts';
import { retrievalQuestion } from './follow-up.ts';
import type { HistoryStore } from './history-store.ts';
import type { ExecutionMode, TurnEvent } from './turn-event.ts';
import { TurnRecorder } from './turn-recorder.ts';

/** Everything one turn needs. */
export interface AnswerTurnOptions {
  readonly turnId: string;
  readonly sessionId: string;
  readonly question: string;
  readonly mode: ExecutionMode;
  readonly engine: Pick<CitationQueryEngine, 'streamQuery'>;
  readonly llm: LLM;
  readonly history: HistoryStore;
  readonly historyTokens: number;
  readonly topK?: number;
  readonly filters?: MetadataFilters;
  /** Aborted when somebody stops the turn or nobody reads it any more. */
  readonly signal: AbortSignal;
}

/** More turns than any token budget has room for need not be read. */
const MAX_TURNS_READ = 50;

/**
 * The road of one turn: question → retrieve → generate → cite → history → `done`. Whatever happens, the last event is
 * `done` or `error`, and before it the turn is in the history as what it is: complete, partial or failed. Where the
 * history cannot be written, that is the error.
 */
export async function* answerTurn(options: AnswerTurnOptions): AsyncGenerator<TurnEvent> {
  const { turnId, sessionId, question, mode, engine, llm, history, signal } = options;
  const recorder = new TurnRecorder();
  const save = async (): Promise<void> => history.finishTurn(turnId, recorder.outcome());
  let saved = false;

  const before = await history.turns(sessionId, { limit: MAX_TURNS_READ });
  await history.beginTurn({ turnId, sessionId, question });
  try {
    yield { type: 'turn', turnId, sessionId, mode };
    const messages = conversation(before, options.historyTokens);
    const events = engine.streamQuery(question, {
      history: messages,
      retrievalQuestion: await retrievalQuestion({ question, history: messages, llm, signal }),
      signal,
      ...(options.topK === undefined ? {} : { topK: options.topK }),
      ...(options.filters === undefined ? {} : { filters: options.filters }),
    });
    for await (const queryEvent of events) {
      const event = recorder.record(queryEvent);
      if (event.type === 'done') {
        await save();
        saved = true;
      }
      yield event;
    }
  } catch (thrown) {
    let last = signal.aborted ? recorder.stop() : recorder.fail(toCitestreamError(thrown));
    saved = true;
    try {
      await save();
    } catch (unsaved) {
      // A history that cannot be written must not take the turn's last event with it.
      last = recorder.fail(toCitestreamError(unsaved));
    }
    yield last;
  } finally {
    if (!saved) {
      // The reader left the loop at a `yield`.
      recorder.stop();
      await save();
    }
  }
}
