import { destination, pino, type DestinationStream, type Logger } from 'pino';

/** What is logged, and where to. */
export interface LoggerOptions {
  /** @default 'info' */
  readonly level?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** @default standard error, as standard output belongs to the commands */
  readonly stream?: DestinationStream;
}

const MAX_MESSAGE_CHARS = 1000;
const MAX_CAUSES = 5;

/** Makes the one logger of a process: a JSON object a line, on standard error. */
export function createLogger({ level = 'info', stream }: LoggerOptions = {}): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    stream ?? destination({ fd: 2, sync: true }),
  );
}

interface ErrorDescription {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

/**
 * An error as it may be logged: name, code, message, stack and causes, and none of the other properties, since
 * providers hang whole requests and responses, with their texts and keys, on the errors they throw.
 */
export function describeError(thrown: unknown, causes = MAX_CAUSES): ErrorDescription {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: cut(String(thrown)) };
  const { code } = thrown as { readonly code?: unknown };
  return {
    type: thrown.name,
    ...(typeof code === 'string' && { code }),
    message: cut(thrown.message),
    // The stack repeats the message before its first frame.
    ...(thrown.stack !== undefined && { stack: framesOf(thrown.stack) }),
    ...(thrown.cause !== undefined && causes > 0 && { cause: describeError(thrown.cause, causes - 1) }),
  };
}

const cut = (message: string): string =>
  message.length <= MAX_MESSAGE_CHARS ? message : `${message.slice(0, MAX_MESSAGE_CHARS)}…`;

const framesOf = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');
