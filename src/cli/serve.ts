import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Citestream } from '../citestream.ts';
import type { Configuration } from '../config/configuration.ts';
import { requireAvailable } from '../config/require-available.ts';
import { createCitestream } from '../create-citestream.ts';
import { CitestreamError } from '../errors.ts';
import type { IngestSummary } from '../ingest/ingest-event.ts';
import { createHttpServer } from '../server/http-server.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { quantity } from './quantity.ts';
import { suggestQuestion } from '../retrieval/suggest-question.ts';
import { curlCommand } from '../server/curl-command.ts';

/** `citestream serve [paths…]`: ingests what has changed, then answers over HTTP until it is told to end. */
export const serve: RunCommand = async ({ context, words, load }) => {
  const { stdout, stderr, signal } = context;
  const { configuration } = load();
  requireAvailable(configuration);
  // Said before a long ingest, not after it.
  await requireFreePort(configuration);
  if (words.length > 0) await ingestFirst(words, context, configuration);

  await using citestream = await createCitestream(configuration);
  await using server = createHttpServer(citestream, {
    logger: createLogger({ level: configuration.log.level }),
  });
  signal.throwIfAborted();
  const address = await server.listen();
  stdout.write(await welcome(address, citestream, context));
  if (!signal.aborted) await once(signal, 'abort');
  const { shutdownGraceMs } = configuration.server;
  stderr.write(
    `\nEnding; running answers have ${shutdownGraceMs / 1000} s to finish. Ctrl-C again ends at once.\n`,
  );
  await server.close({ graceMs: shutdownGraceMs });
  return 0;
};

async function ingestFirst(
  paths: readonly string[],
  context: CommandContext,
  configuration: Configuration,
): Promise<void> {
  const [{ ingestWithProgress }, { describeSummary }] = await Promise.all([
    import('./ingest.ts'),
    import('./ingest-progress.ts'),
  ]);
  const { stdout, stderr } = context;
  const summary = await ingestWithProgress(paths, { context, configuration });
  if (hasChanged(summary)) stderr.write(describeSummary(summary, stderr));
  else stdout.write(`Nothing has changed since the last time: ${quantity(summary.unchanged, 'document')}.\n`);
}

const hasChanged = ({ added, updated, removed, failed, unchanged }: IngestSummary): boolean =>
  added + updated + removed + failed.length > 0 || unchanged === 0;

/** What a person needs who has just started it: where it is, what it holds, and a first question to paste. */
async function welcome(
  address: string,
  { store, configuration }: Citestream,
  context: CommandContext,
): Promise<string> {
  const { bold, cyan, dim, yellow } = context.stdout.colors;
  const { documents, chunks } = await store.count();
  const { host, server } = configuration;
  const isOpen = !['127.0.0.1', '::1', 'localhost'].includes(host) && server.apiKeys.length === 0;
  const warning = isOpen
    ? yellow(
        'Everyone who reaches this machine may ask and add documents: set server.apiKeys to change that.\n',
      )
    : '';
  const where = `${warning}citestream serves ${bold(cyan(address))}  ${dim(
    `${quantity(documents, 'document')}, ${quantity(chunks, 'passage')}`,
  )}\n`;
  if (documents === 0) {
    return `${where}It holds no documents yet; add some while it runs:\n\n  citestream ingest FOLDER\n\n${dim('Ctrl-C ends it.')}\n`;
  }
  const question = (await suggestQuestion(store, context.signal)) ?? 'What is this about?';
  const command = curlCommand(address, question, { needsKey: server.apiKeys.length > 0 });
  return `${where}\nAsk it:\n\n  ${command}\n\n${dim('Ctrl-C ends it.')}\n`;
}

async function requireFreePort({ host, port }: Configuration): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  try {
    probe.listen({ host, port, exclusive: true });
    await once(probe, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw new CitestreamError(
        'PORT_IN_USE',
        `Port ${port} on ${host} is taken. Choose another one: citestream serve --port ${port === 65_535 ? 8000 : port + 1}`,
        { cause: error },
      );
    }
    // Whatever else is wrong is told by the server itself.
  } finally {
    probe.close();
  }
}
