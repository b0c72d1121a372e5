import type { StopReason, Usage } from '../llms/llm.ts';
import type { Citation, Source } from './citation.ts';

/** What `CitationQueryEngine.streamQuery` yields: `sources` first, `done` last; a failure is thrown. */
export type QueryEvent =
  | { readonly type: 'sources'; readonly sources: readonly Source[] }
  | { readonly type: 'token'; readonly text: string }
  | { readonly type: 'citation'; readonly citation: Citation }
  | {
      readonly type: 'done';
      readonly finishReason: StopReason;
      readonly usage: Usage;
      /** The ids of the cited sources, ascending, each once. */
      readonly cited: readonly number[];
      readonly timings: QueryTimings;
    };

/** Where the time went, in milliseconds since the query began. */
export interface QueryTimings {
  readonly retrievalMs: number;
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

/** A whole answer: what the events of `streamQuery` come to. */
export interface QueryResult {
  readonly answer: string;
  readonly sources: readonly Source[];
  readonly citations: readonly Citation[];
  readonly cited: readonly number[];
  readonly finishReason: StopReason;
  readonly usage: Usage;
  readonly timings: QueryTimings;
}
