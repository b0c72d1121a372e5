import { setTimeout as delay } from 'node:timers/promises';

const MAX_ATTEMPTS = 8;
const FIRST_DELAY_MS = 20;

/**
 * Does a commit again where another process committed in between: LanceDB repeats what it can by itself and
 * refuses the rest. `work` reads what it needs anew each time. Gives up after eight attempts, about five seconds.
 */
export async function onConflictAgain<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isConflict(error)) throw error;
      // Jitter, so that two processes do not meet again at the same moment.
      const delayMs = FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random());
      await delay(delayMs, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && /conflict|concurrent|preempted|retry/i.test(error.message);
}
