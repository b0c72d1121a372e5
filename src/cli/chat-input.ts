import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { CommandContext } from './command.ts';
import type { OutputStream } from './terminal.ts';

/** The lines a person types, one after the other. */
export interface ChatInput extends Disposable {
  /** The next line, or `undefined` when the input has ended. */
  next(): Promise<string | undefined>;
  /** Runs while nothing that is typed is shown; Ctrl-C aborts the signal, and what was typed stands at the next prompt. */
  during(work: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

/** More lines of a pipe are left in it until these are answered. */
const MAX_WAITING_LINES = 100;

/** Reads lines from standard input, with editing and a history on a terminal. Ctrl-C twice, or Ctrl-D, ends it. */
export function openChatInput(context: CommandContext, prompt: string): ChatInput {
  const { stdin, stdout, signal } = context;
  const isTerminal = stdin.isTTY && stdout.isTerminal;
  const output = new SilenceableOutput(stdout.stream);
  const lines: string[] = [];
  let hasEnded = false;
  let isWarned = false;
  let running: AbortController | undefined;
  let wake = (): void => {};

  const reader = createInterface({ input: stdin, output, terminal: isTerminal, prompt, historySize: 1000 });
  const close = (): void => reader.close();
  reader.on('line', (line) => {
    lines.push(line);
    if (lines.length >= MAX_WAITING_LINES) reader.pause();
    isWarned = false;
    wake();
  });
  reader.on('close', () => {
    hasEnded = true;
    wake();
  });
  reader.on('SIGINT', () => {
    if (running !== undefined) {
      if (running.signal.aborted) close();
      running.abort();
    } else if (reader.line !== '') {
      reader.write(null, { ctrl: true, name: 'e' });
      reader.write(null, { ctrl: true, name: 'u' });
    } else if (isWarned) close();
    else {
      isWarned = true;
      stdout.write(`\n${stdout.colors.dim('Ctrl-C again, or Ctrl-D, to leave.')}\n`);
      reader.prompt();
    }
  });
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();

  return {
    async next() {
      if (isTerminal && !hasEnded && lines.length === 0) reader.prompt(true);
      if (lines.length === 0 && !hasEnded) reader.resume();
      if (lines.length === 0 && !hasEnded) await new Promise<void>((resolve) => (wake = resolve));
      return lines.shift();
    },
    async during(work) {
      running = new AbortController();
      output.isSilent = true;
      try {
        await work(AbortSignal.any([running.signal, signal]));
      } finally {
        output.isSilent = false;
        running = undefined;
      }
    },
    [Symbol.dispose]() {
      signal.removeEventListener('abort', close);
      close();
    },
  };
}

/** Passes on what readline draws, or drops it while something else is printed. */
class SilenceableOutput extends Writable {
  isSilent = false;
  readonly #stream: OutputStream;

  constructor(stream: OutputStream) {
    super();
    this.#stream = stream;
    stream.on('resize', () => this.emit('resize'));
  }

  get columns(): number | undefined {
    return this.#stream.columns;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.isSilent) callback();
    else this.#stream.write(chunk, encoding, callback);
  }
}
