import path from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { createCitestream } from '../create-citestream.ts';
import { InvalidInputError } from '../errors.ts';
import { evaluate, type Evaluation } from '../evaluation/evaluate.ts';
import { loadBeir, type JudgedQuery } from '../evaluation/load-beir.ts';
import type { Retriever } from '../retrieval/retriever.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { describeSummary } from './ingest-progress.ts';
import { ingestWithProgress } from './ingest.ts';
import { openProgressBar } from './progress-bar.ts';
import { quantity } from './quantity.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import type { Terminal } from './terminal.ts';

/** `citestream eval --corpus DIR`: how well the documents that were judged relevant are found. */
export const evaluateCorpus: RunCommand = async ({ context, options, load }) => {
  const { stdout, directory, signal } = context;
  const corpus = options['corpus'];
  if (typeof corpus !== 'string') {
    throw new InvalidInputError('eval needs a test collection: citestream eval --corpus FOLDER', {
      field: '--corpus',
    });
  }
  const folder = path.resolve(directory, corpus);
  const { corpusFile, queries } = await loadBeir(folder, { signal });
  // The data folder of the user is left alone, whatever store is configured.
  using temporary = makeTemporaryFolder('citestream-eval-');
  const configuration: Configuration = {
    ...load().configuration,
    dataDir: temporary.path,
    store: `lancedb:${path.join(temporary.path, 'lancedb')}`,
  };
  const summary = await ingestWithProgress([corpusFile], { context, configuration, isTemporary: true });
  if (summary.added === 0) {
    const reason = summary.failed[0]?.reason ?? 'It is empty.';
    throw new InvalidInputError(`No document of ${corpusFile} can be read. ${reason}`, { field: corpusFile });
  }
  // The figures are of the others, and whoever reads them has to know.
  if (summary.failed.length > 0) context.stderr.write(describeSummary(summary, context.stderr));
  await using citestream = await createCitestream(configuration);
  const evaluation = await askQueries(citestream.retriever, queries, context);
  const facts = { corpus: folder, documents: summary.added, ingestMs: summary.elapsedMs };
  stdout.write(
    options['json'] === true
      ? `${JSON.stringify(evaluationData(evaluation, facts))}\n`
      : describeEvaluation(evaluation, facts, stdout),
  );
  return 0;
};

async function askQueries(
  retriever: Retriever,
  queries: readonly JudgedQuery[],
  { stderr, signal }: CommandContext,
): Promise<Evaluation> {
  using bar = openProgressBar(stderr, queries.length);
  return await evaluate(retriever, queries, {
    signal,
    onProgress: ({ done, total }) => bar.update(done, [`${done}/${total} queries`]),
  });
}

interface CorpusFacts {
  readonly corpus: string;
  readonly documents: number;
  readonly ingestMs: number;
}

function figuresOf({ k, ndcg, recall, mrr }: Evaluation) {
  return [
    { label: `nDCG@${k}`, name: `ndcg_at_${k}`, estimate: ndcg },
    { label: `recall@${k}`, name: `recall_at_${k}`, estimate: recall },
    { label: `MRR@${k}`, name: `mrr_at_${k}`, estimate: mrr },
  ];
}

function describeEvaluation(evaluation: Evaluation, facts: CorpusFacts, { colors }: Terminal): string {
  const lines = figuresOf(evaluation).map(({ label, estimate: { mean, low, high } }) => {
    const interval = colors.dim(`95 % between ${low.toFixed(3)} and ${high.toFixed(3)}`);
    return `${label.padEnd(10)} ${colors.bold(mean.toFixed(4))}  ${interval}`;
  });
  const { queries, elapsedMs } = evaluation;
  const asked = queries === 1 ? '1 query' : `${queries} queries`;
  const times = `ingested in ${(facts.ingestMs / 1000).toFixed(1)} s, asked in ${(elapsedMs / 1000).toFixed(1)} s`;
  return `${lines.join('\n')}\n${colors.dim(`${quantity(facts.documents, 'document')}, ${asked}; ${times}`)}\n`;
}

function evaluationData(evaluation: Evaluation, { corpus, documents, ingestMs }: CorpusFacts): object {
  const figures = figuresOf(evaluation);
  return {
    corpus,
    documents,
    queries: evaluation.queries,
    ...Object.fromEntries(figures.map(({ name, estimate }) => [name, estimate.mean])),
    confidence_95: Object.fromEntries(
      figures.map(({ name, estimate }) => [name, [estimate.low, estimate.high]]),
    ),
    ingest_ms: ingestMs,
    search_ms: Math.round(evaluation.elapsedMs * 10) / 10,
  };
}
