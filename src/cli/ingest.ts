import type { Configuration } from '../config/configuration.ts';
import { requireAvailable } from '../config/require-available.ts';
import type { IngestSummary } from '../ingest/ingest-event.ts';
import { runIngest } from '../run-ingest.ts';
import { ingestEventData } from '../server/ingest-wire.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { quantity } from './quantity.ts';
import { describeSummary, showIngestProgress } from './ingest-progress.ts';

/** `citestream ingest <paths…>`: exit code 1 where a file failed, though the rest is ingested. */
export const ingest: RunCommand = async ({ context, words, options, load }) => {
  const { stdout, stderr } = context;
  const isJson = options['json'] === true;
  const summary = await ingestWithProgress(words, { context, configuration: load().configuration });
  if (isJson) stdout.write(`${JSON.stringify(summaryData(summary))}\n`);
  (isJson ? stderr : stdout).write(describeSummary(summary, isJson ? stderr : stdout));
  return summary.failed.length === 0 ? 0 : 1;
};

/** An ingest that a person watches. */
export interface WatchedIngest {
  readonly context: CommandContext;
  readonly configuration: Configuration;
  /** True where what is stored is thrown away with the command, so that there is nothing to go on from. */
  readonly isTemporary?: boolean;
}

/** Ingests with progress on standard error; says what is kept where it is interrupted. */
export async function ingestWithProgress(
  paths: readonly string[],
  { context, configuration, isTemporary = false }: WatchedIngest,
): Promise<IngestSummary> {
  const { stderr, signal } = context;
  requireAvailable(configuration);
  let done = 0;
  try {
    using progress = showIngestProgress(stderr);
    return await runIngest({
      paths,
      configuration,
      signal,
      onEvent: (event) => {
        if (event.type === 'document' && event.status !== 'failed') done += 1;
        progress.onEvent(event);
      },
    });
  } catch (error) {
    if (signal.aborted && !isTemporary) {
      stderr.write(
        `citestream: interrupted. ${done === 0 ? 'Nothing was changed' : `What was done is kept (${quantity(done, 'document')})`}; ` +
          'the same command goes on from there.\n',
      );
    }
    throw error;
  }
}

function summaryData(summary: IngestSummary): object {
  return (ingestEventData({ type: 'done', summary }) as { readonly summary: object }).summary;
}
