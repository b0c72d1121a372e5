import { CitestreamError } from '../errors.ts';
import type { LimitedSignal } from './limited-signal.ts';

/** How long a stream may be silent; 0 for no limit. */
export interface SilenceLimits {
  readonly firstTokenMs: number;
  readonly interTokenMs: number;
}

/** What is read, and how. */
export interface GuardedPiecesOptions<T> {
  /** The LLM's, for the sentence of a failure. */
  readonly name: string;
  readonly open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly isLast: (piece: T) => boolean;
  readonly limits: SilenceLimits | undefined;
}

/**
 * The pieces of one upstream call up to its last. It ends as soon as the signal is aborted, whether the one that is
 * called listens or not; whatever ends it before the last piece aborts the upstream call.
 */
export async function* guardedPieces<T>(
  scope: LimitedSignal,
  { name, open, isLast, limits }: GuardedPiecesOptions<T>,
): AsyncGenerator<T, void> {
  let last: T | undefined;
  let iterator: AsyncIterator<T> | undefined;
  const limit = (key: keyof SilenceLimits): void => {
    const milliseconds = limits?.[key] ?? 0;
    if (milliseconds > 0) scope.limit(milliseconds, () => tooSilent(name, key, milliseconds));
  };
  try {
    scope.signal.throwIfAborted();
    iterator = open(scope.signal)[Symbol.asyncIterator]();
    limit('firstTokenMs');
    for (;;) {
      const { done, value } = await scope.wait(iterator.next());
      // While the reader is busy nobody waits for the provider.
      scope.unlimit();
      if (done === true) {
        throw new CitestreamError(
          'UPSTREAM_UNAVAILABLE',
          `The answer of ${name} broke off before its end. Try again.`,
        );
      }
      if (isLast(value)) {
        last = value;
        break;
      }
      yield value;
      scope.signal.throwIfAborted();
      limit('interTokenMs');
    }
  } catch (error) {
    // A client's own words for an abort say less than the reason of it.
    scope.signal.throwIfAborted();
    throw error;
  } finally {
    // Nobody waits for the upstream call to end: one that hangs would keep the reader.
    iterator?.return?.().catch(() => {});
    if (last === undefined) scope.abort(LEFT);
  }
  yield last;
}

const LEFT = new DOMException('The reader has left.', 'AbortError');

function tooSilent(name: string, key: keyof SilenceLimits, milliseconds: number): CitestreamError {
  const what = key === 'firstTokenMs' ? 'did not begin to answer within' : 'wrote nothing more for';
  return new CitestreamError(
    'TIMEOUT',
    `${name} ${what} ${milliseconds / 1000} s. Try again, or raise generation.${key} if it is only slow.`,
  );
}
