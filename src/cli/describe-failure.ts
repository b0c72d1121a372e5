import { CitestreamError, toCitestreamError } from '../errors.ts';
import { Interrupted } from './interruption.ts';

/** How a command ends when it fails. */
export interface Failure {
  readonly exitCode: number;
  /** Lines for standard error; empty where there is nothing to say. */
  readonly message: string;
}

/** What a failure says and which exit code it has; a stack only where it was asked for. */
export function describeFailure(
  thrown: unknown,
  { signal, debug }: { readonly signal: AbortSignal; readonly debug: boolean },
): Failure {
  // What is thrown after an interruption is its echo, whatever it looks like.
  if (signal.reason instanceof Interrupted) return { exitCode: signal.reason.exitCode, message: '' };
  const error = toCitestreamError(thrown);
  const stack = debug ? `\n${stackOf(thrown)}` : '';
  const isOurs = thrown instanceof CitestreamError || error.code !== 'INTERNAL';
  const hint = debug ? '' : ' Run it again with --debug to see where.';
  const unexpected = `unexpected failure: ${error.message.replace(/[^.!?]$/, '$&.')}${hint}`;
  const lines = (isOurs ? error.message : unexpected).split('\n');
  return {
    exitCode: error.exitCode,
    message: `${lines.map((line) => `citestream: ${line}`).join('\n')}${stack}`,
  };
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : `\ncaused by ${stackOf(thrown.cause)}`;
  return `${thrown.stack ?? thrown.message}${cause}`;
}
