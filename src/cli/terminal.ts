import type { Writable } from 'node:stream';
import picocolors from 'picocolors';

type Colors = ReturnType<typeof picocolors.createColors>;

/** A stream to write to, and what it can show. */
export interface Terminal {
  /** True where a person reads along. */
  readonly isTerminal: boolean;
  /** How many columns a line has at this moment. */
  readonly width: number;
  /** Each gives its text back as it is where there is no colour. */
  readonly colors: Colors;
  /** The text as a link to an address, where the terminal has links. */
  link(text: string, url: string): string;
  write(text: string): void;
  /** The stream itself, for libraries that draw on it. */
  readonly stream: OutputStream;
}

/** What a process stream is known to be; a stream that is no terminal has no columns. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The width of text that is not read on a terminal, or on one that does not tell. */
const DEFAULT_WIDTH = 80;
const MIN_WIDTH = 20;
/** Longer lines are hard to read, however wide the window is. */
const MAX_WIDTH = 100;

/** Colour where a terminal shows it, unless NO_COLOR or TERM=dumb; FORCE_COLOR decides over both. */
export function openTerminal(
  stream: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const isTerminal = stream.isTTY === true;
  const hasColor = wantsColor(isTerminal, environment);
  return {
    isTerminal,
    get width() {
      const columns = stream.columns ?? DEFAULT_WIDTH;
      return Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columns === 0 ? DEFAULT_WIDTH : columns));
    },
    colors: picocolors.createColors(hasColor),
    link: (text, url) =>
      isTerminal && hasColor ? `\u001B]8;;${url}\u001B\\${text}\u001B]8;;\u001B\\` : text,
    write: (text) => void stream.write(text),
    stream,
  };
}

function wantsColor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTerminal && (no === undefined || no === '') && term !== 'dumb';
}

/** Text of documents and models as it may be shown: without the control characters that steer a terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '');
}
