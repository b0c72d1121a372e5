import { CitestreamError } from '../errors.ts';

/** What bounds a wait: a caller who may leave, and a limit. */
export interface Deadline {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** What is waited for, as in `The search`; the error begins with it. */
  readonly what: string;
}

/**
 * Waits for work no longer than `timeoutMs` and no longer than its caller wants it. The work is given a
 * signal that ends it in both cases, and when it fails. Throws TIMEOUT, or the reason of the caller's signal.
 */
export async function withinDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  deadline.signal?.throwIfAborted();
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    controller.abort(reason);
    reject(reason);
  };
  const leave = () => end(deadline.signal?.reason);
  const timer = setTimeout(() => end(timeoutError(deadline)), deadline.timeoutMs);
  deadline.signal?.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work(controller.signal), ended]);
  } catch (error) {
    // Whatever the work makes of its ending, the caller learns the reason it was ended for.
    if (controller.signal.aborted) throw controller.signal.reason;
    controller.abort(error);
    throw error;
  } finally {
    clearTimeout(timer);
    deadline.signal?.removeEventListener('abort', leave);
  }
}

function timeoutError({ what, timeoutMs }: Deadline): CitestreamError {
  return new CitestreamError(
    'TIMEOUT',
    `${what} took longer than ${timeoutMs} ms and was given up. Try again, or raise the limit.`,
  );
}
