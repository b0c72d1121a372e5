import { SingleBar, type Params } from 'cli-progress';
import stringWidth from 'string-width';
import type { Terminal } from './terminal.ts';

/** A bar that a person watches; elsewhere it draws nothing. Dispose it to take it from the screen. */
export interface ProgressBar extends Disposable {
  /** How far it is, and what else there is to tell: `12/40 files`. */
  update(value: number, facts: readonly string[]): void;
}

const MIN_BAR = 8;
const MAX_BAR = 24;

/** Draws a bar with the share that is done, facts, and the time that is left. */
export function openProgressBar(terminal: Terminal, total: number): ProgressBar {
  if (!terminal.isTerminal) return { update() {}, [Symbol.dispose]() {} };
  const bar = new SingleBar({
    format: (_options, params, { facts }: { readonly facts: readonly string[] }) =>
      formatBar(params, facts, terminal),
    stream: terminal.stream,
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false,
    etaBuffer: 50,
  });
  const stop = (): void => bar.stop();
  // The cursor comes back however the process ends.
  process.once('exit', stop);
  bar.start(Math.max(1, total), 0, { facts: [] });
  return {
    update: (value, facts) => bar.update(value, { facts }),
    [Symbol.dispose]() {
      process.off('exit', stop);
      stop();
    },
  };
}

/** `████░░░░ 40% · 12/40 files · 5 s left`, on one line whatever its width. */
export function formatBar(
  { progress, eta }: Pick<Params, 'progress' | 'eta'>,
  facts: readonly string[],
  { width, colors }: Pick<Terminal, 'width' | 'colors'>,
): string {
  const left = progress > 0 && Number.isFinite(eta) ? [`${formatSeconds(eta)} left`] : [];
  const parts = [`${Math.floor(progress * 100)}%`, ...facts, ...left];
  while (parts.length > 1 && MIN_BAR + 1 + stringWidth(parts.join(' · ')) >= width) parts.splice(-2, 1);
  const room = width - stringWidth(parts.join(' · ')) - 2;
  const size = Math.max(MIN_BAR, Math.min(MAX_BAR, room));
  const full = Math.round(Math.min(1, progress) * size);
  return `${colors.cyan('█'.repeat(full))}${colors.dim('░'.repeat(size - full))} ${parts.join(colors.dim(' · '))}`;
}

function formatSeconds(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${Math.ceil(seconds)} s` : `${minutes} min ${Math.ceil(seconds % 60)} s`;
}
