import { formatByteSize } from '../config/byte-size.ts';
import type { IngestEvent, IngestSummary } from '../ingest/ingest-event.ts';
import { oneLine } from './one-line.ts';
import { openProgressBar, type ProgressBar } from './progress-bar.ts';
import { quantity } from './quantity.ts';
import type { Terminal } from './terminal.ts';

/** Tells a person how an ingest goes on: a bar on a terminal, a few lines elsewhere. Dispose it to end the bar. */
export interface IngestProgress extends Disposable {
  onEvent(event: IngestEvent): void;
}

/** How many of the files that failed are named one by one. */
const MAX_LISTED = 50;

/** Progress on standard error, so that standard output stays a program's. */
export function showIngestProgress(terminal: Terminal): IngestProgress {
  let bar: ProgressBar | undefined;
  let loadingFile = '';
  let loadingBytes = 0;
  let startedAt = 0;
  let documents = 0;
  return {
    onEvent(event) {
      switch (event.type) {
        case 'waiting':
          terminal.write(`${terminal.colors.yellow('Waiting')} for ${oneLine(event.holder)} …\n`);
          break;
        case 'loading':
          // Files come side by side; the largest says how long it takes.
          if (event.bytesTotal > loadingBytes) {
            bar?.[Symbol.dispose]();
            loadingFile = event.file;
            loadingBytes = event.bytesTotal;
            if (terminal.isTerminal) bar = openProgressBar(terminal, event.bytesTotal);
            else terminal.write(`Loading ${oneLine(event.file)} (${formatByteSize(event.bytesTotal)}) …\n`);
          }
          if (event.file === loadingFile) bar?.update(event.bytes, [`loading ${oneLine(event.file)}`]);
          break;
        case 'started':
          bar?.[Symbol.dispose]();
          bar = undefined;
          startedAt = performance.now();
          if (terminal.isTerminal) bar = openProgressBar(terminal, event.bytes);
          else if (event.files > 0)
            terminal.write(`Reading ${quantity(event.files, 'file')} (${formatByteSize(event.bytes)}) …\n`);
          break;
        case 'document':
          documents += 1;
          break;
        case 'progress': {
          const seconds = Math.max(0.1, (performance.now() - startedAt) / 1000);
          bar?.update(event.bytes, [
            `${event.files}/${quantity(event.filesTotal, 'file')}`,
            `${Math.round(documents / seconds)} documents/s`,
            `${formatByteSize(Math.round(event.bytes / seconds))}/s`,
          ]);
          break;
        }
        case 'done':
        case 'error':
          bar?.[Symbol.dispose]();
          break;
        default:
          event satisfies never;
      }
    },
    [Symbol.dispose]: () => bar?.[Symbol.dispose](),
  };
}

/** What an ingest came to: the counts, and the files that failed with their reasons. */
export function describeSummary(summary: IngestSummary, terminal: Terminal): string {
  const { added, updated, unchanged, removed, failed, skipped, chunks, elapsedMs } = summary;
  const { bold, green, red, dim } = terminal.colors;
  const counts = [
    [added, 'added'],
    [updated, 'updated'],
    [unchanged, 'unchanged'],
    [removed, 'removed'],
    [failed.length, 'failed'],
  ] as const;
  const shown = counts
    .filter(([count]) => count > 0)
    .map(([count, name]) => (name === 'failed' ? red(`${count} failed`) : `${bold(String(count))} ${name}`));
  const lines = failed
    .toSorted((a, b) => (a.uri < b.uri ? -1 : 1))
    .slice(0, MAX_LISTED)
    .map(({ uri, reason }) => `${red('✗')} ${oneLine(uri)}: ${oneLine(reason)}`);
  if (failed.length > MAX_LISTED) lines.push(dim(`  and ${failed.length - MAX_LISTED} more`));
  if (shown.length === 0) lines.push('Nothing to ingest: no file of a kind that can be read was found.');
  else {
    const mark = failed.length === 0 ? green('✓') : red('✗');
    const passages = chunks === 0 ? '' : dim(` · ${quantity(chunks, 'passage')}`);
    lines.push(`${mark} ${shown.join(', ')}${passages}${dim(` · ${(elapsedMs / 1000).toFixed(1)} s`)}`);
  }
  if (skipped > 0) lines.push(dim(`  ${quantity(skipped, 'file')} of other kinds left out`));
  return `${lines.join('\n')}\n`;
}
