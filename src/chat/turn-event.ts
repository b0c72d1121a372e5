import type { Citation, Source } from '../citations/citation.ts';
import type { ErrorCode } from '../errors.ts';
import type { StopReason, Usage } from '../llms/llm.ts';

/** How a turn's steps are executed; `async` is the one of this version. */
export type ExecutionMode = 'async' | 'hybrid' | 'sync' | 'sequential';

/** Why a turn ended: the model's reason, or `stopped` by somebody. */
export type FinishReason = StopReason | 'stopped';

/** Where a turn's time went, in milliseconds since it was asked. */
export interface TurnTimings {
  readonly queueMs: number;
  readonly retrievalMs: number;
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

/** What a turn's readers see, in this order; `done` or `error` is always the last. */
export type TurnEvent =
  | {
      readonly type: 'turn';
      readonly turnId: string;
      readonly sessionId: string;
      readonly mode: ExecutionMode;
    }
  | { readonly type: 'queued'; readonly position: number; readonly etaMs: number }
  | { readonly type: 'sources'; readonly sources: readonly Source[] }
  | { readonly type: 'token'; readonly text: string }
  | { readonly type: 'citation'; readonly citation: Citation }
  | {
      readonly type: 'done';
      readonly finishReason: FinishReason;
      readonly usage: Usage;
      readonly timings: TurnTimings;
      readonly cited: readonly number[];
    }
  | {
      readonly type: 'error';
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryable: boolean;
    };
