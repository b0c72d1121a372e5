import { setTimeout as wait } from 'node:timers/promises';

import { CitestreamError, type ErrorCode } from '../errors.ts';
import { retryAfterMs } from './retry-after.ts';

/** Waits; rejects as soon as the signal is aborted. Tests give one that does not really wait. */
export type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** Really waits. */
export const sleepFor: Sleep = async (milliseconds, signal) => wait(milliseconds, undefined, { signal });

/** How often and how long apart something is tried. */
export interface RetryOptions {
  /** The first try is one of them. */
  readonly maxAttempts: number;
  /** The longest the first wait can be; each further one may be twice as long. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly signal: AbortSignal;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly sleep: Sleep;
}

/** What passes by itself; whatever else a provider says, it will say again. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['THROTTLED', 'UPSTREAM_UNAVAILABLE', 'TIMEOUT']);

/**
 * Tries again what failed for a passing reason, after a wait with full jitter, and never earlier than the provider
 * asked for. An abort ends a wait at once, which is why no general retry library is used here.
 */
export async function retryWithJitter<T>(
  work: () => Promise<T>,
  { maxAttempts, baseDelayMs, maxDelayMs, signal, random, sleep }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const isPassing = error instanceof CitestreamError && PASSING.has(error.code);
      const asked = retryAfterMs(error) ?? 0;
      // A provider that asks for more than we would ever wait is not coming back in time.
      if (!isPassing || attempt >= maxAttempts || asked > maxDelayMs) throw error;
      await sleep(asked + random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1)), signal);
    }
  }
}
