import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError } from '../errors.ts';

/** A question and the documents that answer it, by their ids in the corpus. */
export interface JudgedQuery {
  readonly id: string;
  readonly text: string;
  /** Above zero is relevant; more is better. */
  readonly relevance: ReadonlyMap<string, number>;
}

/** A corpus that retrieval can be measured on. */
export interface BeirCorpus {
  /** The documents, as JSON Lines with `_id`, `title` and `text`. */
  readonly corpusFile: string;
  /** Those with at least one relevant document, in the file's order. */
  readonly queries: readonly JudgedQuery[];
}

/**
 * Reads the questions and judgements of a folder in the layout of BEIR: `corpus.jsonl`, `queries.jsonl`, and
 * `qrels.tsv` or `qrels/test.tsv`. Throws InvalidInputError that names the file, and the line, at fault.
 */
export async function loadBeir(
  directory: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<BeirCorpus> {
  const queriesFile = join(directory, 'queries.jsonl');
  const qrelsFile = join(directory, 'qrels.tsv');
  const texts = parseQueries(await read([queriesFile], options), queriesFile);
  const qrels = await read([qrelsFile, join(directory, 'qrels', 'test.tsv')], options);
  const judgements = parseQrels(qrels, qrelsFile);
  const queries = [...texts].flatMap(([id, text]) => {
    const relevance = judgements.get(id) ?? new Map<string, number>();
    return [...relevance.values()].some((score) => score > 0) ? [{ id, text, relevance }] : [];
  });
  if (queries.length === 0) {
    throw new InvalidInputError(
      `No query of ${queriesFile} has a relevant document in ${qrelsFile}: check that their ids agree.`,
      { field: qrelsFile },
    );
  }
  return { corpusFile: join(directory, 'corpus.jsonl'), queries };
}

/** The first of the files that is there. */
async function read(files: readonly string[], options: { readonly signal?: AbortSignal }): Promise<string> {
  for (const file of files) {
    try {
      return (await readFile(file, { encoding: 'utf8', ...options })).replace(/^\uFEFF/, '');
    } catch (error) {
      options.signal?.throwIfAborted();
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing) throw new InvalidInputError(`${file} cannot be read.`, { field: file, cause: error });
    }
  }
  throw new InvalidInputError(
    `${files.join(' or ')} is missing: a corpus to evaluate on has corpus.jsonl, queries.jsonl and qrels.tsv.`,
    { field: files[0] ?? '' },
  );
}

function parseQueries(content: string, file: string): ReadonlyMap<string, string> {
  const queries = new Map<string, string>();
  for (const [at, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const query = parseJson(line);
    if (typeof query?.['_id'] !== 'string' || typeof query['text'] !== 'string') {
      throw fault(file, at, 'is no JSON object with the texts "_id" and "text"');
    }
    if (queries.has(query['_id'])) throw fault(file, at, `repeats the _id ${JSON.stringify(query['_id'])}`);
    queries.set(query['_id'], query['text']);
  }
  return queries;
}

function parseQrels(content: string, file: string): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const judgements = new Map<string, Map<string, number>>();
  for (const [at, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [queryId, corpusId, score, ...rest] = line.split('\t').map((cell) => cell.trim());
    const isHeader = at === 0 && score !== undefined && !Number.isFinite(Number.parseFloat(score));
    if (isHeader) continue;
    const relevance = Number(score === '' ? undefined : score);
    if (!queryId || !corpusId || rest.length > 0 || !Number.isFinite(relevance)) {
      throw fault(file, at, 'is not "query-id⇥corpus-id⇥score", with tabs and a number');
    }
    const ofQuery = judgements.get(queryId) ?? new Map<string, number>();
    judgements.set(queryId, ofQuery.set(corpusId, relevance));
  }
  return judgements;
}

function parseJson(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function fault(file: string, index: number, what: string): InvalidInputError {
  return new InvalidInputError(`${file}:${index + 1} ${what}.`, { field: file });
}
