import { setTimeout as wait } from 'node:timers/promises';

import { CitestreamError, type ErrorCode } from '../errors.ts';
import { retryAfterMs } from './retry-after.ts';

/** Waits; rejects as soon as the signal is aborted. Tests give one that does not really wait. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** Really waits. */
export const sleepFor: Sleep = async (milliseconds, signal) => wait(milliseconds, undefined, { signal });

/** How often and how long apart something is tried. */
export interface RetryPolicy {
  /** The first try is one of them. */
  readonly maxAttempts: number;
  /** The longest the first wait can be; each further one may be twice as long. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** A policy, and how and for whom it waits. */
export interface RetryOptions extends RetryPolicy {
  readonly signal: AbortSignal;
  readonly sleep: Sleep;
}

/** What passes by itself; whatever else a provider says, it will say again. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'THROTTLED',
  'UPSTREAM_UNAVAILABLE',
  'TIMEOUT',
  'LLM_FAILED',
]);

/** Whether a provider may do better when it is asked again. */
export function isPassing(error: unknown): error is CitestreamError {
  return error instanceof CitestreamError && PASSING.has(error.code);
}

/**
 * How long to wait before trying again what failed: with full jitter, and never less than the provider asked for.
 * Nothing where trying again is of no use. `attempt` counts from 1.
 */
export function retryDelayMs(
  error: unknown,
  attempt: number,
  { maxAttempts, baseDelayMs, maxDelayMs, random }: RetryPolicy,
): number | undefined {
  const askedMs = retryAfterMs(error) ?? 0;
  // A provider that asks for more than we would ever wait is not coming back in time.
  if (!isPassing(error) || attempt >= maxAttempts || askedMs > maxDelayMs) return undefined;
  return askedMs + random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
}

/**
 * Tries again what failed for a passing reason. An abort ends a wait at once, which is why no general retry library is
 * used here.
 */
export async function retryWithJitter<T>(
  work: () => Promise<T>,
  { signal, sleep, ...policy }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const delayMs = retryDelayMs(error, attempt, policy);
      if (delayMs === undefined) throw error;
      await sleep(delayMs, signal);
    }
  }
}
