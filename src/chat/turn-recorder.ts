import type { Citation, Source } from '../citations/citation.ts';
import type { QueryEvent } from '../citations/query-event.ts';
import type { CitestreamError } from '../errors.ts';
import type { Usage } from '../llms/llm.ts';
import type { TurnOutcome } from './history-store.ts';
import type { TurnEvent, TurnTimings } from './turn-event.ts';

type End = Extract<TurnEvent, { type: 'done' | 'error' }>;

/** Gathers what a turn streams, so that what is stored is exactly what was seen. */
export class TurnRecorder {
  readonly #started = performance.now();
  #answer = '';
  #sources: readonly Source[] = [];
  readonly #citations: Citation[] = [];
  #retrievalMs: number | undefined;
  #firstTokenMs: number | undefined;
  #end: End | undefined;

  /** Takes the engine's event and gives the turn's. */
  record(event: QueryEvent): TurnEvent {
    switch (event.type) {
      case 'sources':
        this.#retrievalMs ??= this.#elapsed();
        this.#sources = event.sources;
        return event;
      case 'token':
        this.#firstTokenMs ??= this.#elapsed();
        this.#answer += event.text;
        return event;
      case 'citation':
        this.#citations.push(event.citation);
        return event;
      case 'done':
        return this.#done(event.finishReason, event.usage);
    }
  }

  /** The turn ends because somebody stopped it, or nobody reads it. */
  stop(): TurnEvent {
    // The provider's own count is lost with the stream; four characters a token is the estimate.
    return this.#done('stopped', { inputTokens: 0, outputTokens: Math.ceil(this.#answer.length / 4) });
  }

  /** The turn ends because something failed. */
  fail({ code, message, retryable }: CitestreamError): TurnEvent {
    this.#end = { type: 'error', code, message, retryable };
    return this.#end;
  }

  /** How the turn ended, for the history. */
  outcome(): TurnOutcome {
    const kept = { answer: this.#answer, sources: this.#sources, citations: this.#citations };
    if (this.#end?.type === 'error') {
      const { code, message } = this.#end;
      return { ...kept, status: 'failed', error: { code, message }, timings: this.#timings() };
    }
    if (this.#end === undefined) return { ...kept, status: 'partial', timings: this.#timings() };
    const { finishReason, usage, timings } = this.#end;
    return {
      ...kept,
      status: finishReason === 'stopped' ? 'partial' : 'complete',
      finishReason,
      usage,
      timings,
    };
  }

  #done(finishReason: Extract<End, { type: 'done' }>['finishReason'], usage: Usage): TurnEvent {
    const cited = [...new Set(this.#citations.map(({ id }) => id))].sort((a, b) => a - b);
    this.#end = { type: 'done', finishReason, usage, timings: this.#timings(), cited };
    return this.#end;
  }

  #timings(): TurnTimings {
    const totalMs = this.#elapsed();
    return {
      queueMs: 0,
      retrievalMs: this.#retrievalMs ?? totalMs,
      firstTokenMs: this.#firstTokenMs ?? totalMs,
      totalMs,
    };
  }

  #elapsed(): number {
    return Math.round((performance.now() - this.#started) * 10) / 10;
  }
}
