import { CitestreamError } from '../errors.ts';
import { type Clock, systemClock } from './clock.ts';
import type { LLM } from './llm.ts';

/** What a resilient LLM did about a failure, for logs and figures. */
export type ResilienceEvent =
  | { readonly type: 'retry'; readonly attempt: number; readonly delayMs: number; readonly error: unknown }
  | { readonly type: 'fail-over'; readonly to: string; readonly error: unknown };

/** How much is put up with, and what then. */
export interface ResilienceOptions {
  /** Answers where the first does not begin to: another region or another model, made resilient itself. @default none */
  readonly fallback?: LLM | undefined;
  /** From asking to the first piece of a stream; 0 for no limit, as for the others. @default 60_000 */
  readonly firstTokenMs?: number | undefined;
  /** From one piece of a stream to the next. @default 30_000 */
  readonly interTokenMs?: number | undefined;
  /** The whole answer, with waiting for a place and trying again. @default 600_000 */
  readonly totalMs?: number | undefined;
  /** How often a call is tried before its first token, the first time included. @default 3 */
  readonly maxAttempts?: number | undefined;
  /** The longest the first wait can be; each further one may be twice as long. @default 250 */
  readonly baseDelayMs?: number | undefined;
  /** No wait is longer; a provider that asks for more is not waited for. @default 20_000 */
  readonly maxDelayMs?: number | undefined;
  /** After so many failures in a row the LLM is left alone. @default 10 */
  readonly breakerFailures?: number | undefined;
  /** How long it is left alone before one call tries it again. @default 10_000 */
  readonly breakerOpenMs?: number | undefined;
  /** How far throttling may lower the calls under way. @default 1 */
  readonly minConcurrent?: number | undefined;
  /** How many calls are under way at the same time. @default 1000 */
  readonly maxConcurrent?: number | undefined;
  /** How many more wait for a place; beyond them a call is refused with OVERLOADED. @default 1000 */
  readonly maxQueued?: number | undefined;
  /** Hears what was done about a failure. */
  readonly onEvent?: ((event: ResilienceEvent) => void) | undefined;
  /** For tests. @default the machine's */
  readonly clock?: Clock | undefined;
  /** For tests: from 0 up to 1. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** The options with their defaults. */
export type Resilience = {
  readonly [Name in Exclude<keyof ResilienceOptions, 'fallback'>]-?: NonNullable<ResilienceOptions[Name]>;
};

/** Fills in the defaults; throws CONFIGURATION for bounds that cross. */
export function resilienceOf(options: ResilienceOptions): Resilience {
  const resilience: Resilience = {
    firstTokenMs: options.firstTokenMs ?? 60_000,
    interTokenMs: options.interTokenMs ?? 30_000,
    totalMs: options.totalMs ?? 600_000,
    maxAttempts: options.maxAttempts ?? 3,
    baseDelayMs: options.baseDelayMs ?? 250,
    maxDelayMs: options.maxDelayMs ?? 20_000,
    breakerFailures: options.breakerFailures ?? 10,
    breakerOpenMs: options.breakerOpenMs ?? 10_000,
    minConcurrent: options.minConcurrent ?? 1,
    maxConcurrent: options.maxConcurrent ?? 1000,
    maxQueued: options.maxQueued ?? 1000,
    onEvent: options.onEvent ?? (() => {}),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
  const { minConcurrent, maxConcurrent } = resilience;
  if (minConcurrent < 1 || minConcurrent > maxConcurrent) {
    throw new CitestreamError(
      'CONFIGURATION',
      `generation.minConcurrent is ${minConcurrent}: set it between 1 and generation.maxConcurrent, which is ${maxConcurrent}.`,
    );
  }
  return resilience;
}
