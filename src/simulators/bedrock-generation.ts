import type { Frame } from './frame.ts';

/** An answer that was thought out and is yet to be given. */
export interface Generation {
  readonly requestId: string;
  readonly modelId: string;
  readonly prompt: string;
  readonly reasoning: readonly string[];
  readonly tokens: readonly string[];
  /** As Converse names it: `end_turn`, `max_tokens`, `stop_sequence`, … */
  readonly stopReason: string;
  readonly stopSequence: string | undefined;
  /** Without those that were cached. */
  readonly inputTokens: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
}

/** How long an answer took. */
export interface GenerationTimes {
  readonly latencyMs: number;
  readonly firstTokenMs: number;
}

/** An answer as the messages of a stream; a frame is made when it is asked for. */
export interface GenerationFrames {
  /** What goes out together with the first token. */
  readonly head: readonly Frame[];
  /** Reasoning included. */
  readonly count: number;
  readonly token: (index: number) => Frame;
  readonly tail: (times: GenerationTimes) => readonly Frame[];
}

/** An answer as one JSON object. */
export interface WholeAnswer {
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One vendor's or one operation's way to write an answer. */
export interface AnswerFormat {
  readonly stream: (generation: Generation) => GenerationFrames;
  readonly whole: (generation: Generation, times: GenerationTimes) => WholeAnswer;
}
