import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { chunkText } from '../src/documents/chunk-text.ts';
import { documentId } from '../src/documents/document-identity.ts';
import { type ReadFile, readFileText } from '../src/documents/readers.ts';
import { SentenceSplitter } from '../src/documents/sentence-splitter.ts';
import { LanceDBStore } from '../src/stores/lancedb-store.ts';
import type { DocumentChunks } from '../src/stores/vector-store.ts';
import { type Figure, figure, printFigures, say } from './figure.ts';
import { type Format, generateFiles, generateJsonLines } from './generate-files.ts';
import type { OneIngest } from './ingest-once.ts';
import { readRealText, type RealText } from './real-text.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/**
 * What an ingest costs: its stages one by one on one thread, Cranfield as JSON Lines from the start of a process to
 * its end, and how much memory a small and a large ingest take at their peak, each in a process of its own.
 */
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const FILES_OF: Readonly<Record<Format, number>> = values.quick
  ? { md: 80, txt: 80, html: 80, pdf: 20, docx: 20 }
  : { md: 400, txt: 400, html: 400, pdf: 100, docx: 100 };
const [FEW, MANY] = values.quick ? [500, 5000] : [1000, 20_000];
const ROUNDS = values.quick ? 1 : 3;
const DOCUMENTS_A_CALL = 256;
const CRANFIELD_BAR_S = 10;
const MEMORY_BAR = 1.3;

interface ParsedFile extends ReadFile {
  readonly path: string;
  readonly bytes: number;
}

interface Work {
  readonly elapsedMs: number;
  readonly files: number;
  readonly bytes: number;
}

const cranfield = fileURLToPath(new URL('../../shared/data/cranfield/corpus.jsonl', import.meta.url));

await withTemporaryFolder('ingest', async (folder) => {
  const text = readRealText();
  if (values.quick) say(`--quick: fewer files, one round, memory from ${FEW} to ${MANY} documents.`);
  printFigures('ingest', [
    ...(await measureStages(folder, text)),
    ...(await measureJsonLines(folder, text)),
    ...(await measureMemory(folder, text)),
  ]);
});

async function measureStages(folder: string, text: RealText): Promise<Figure[]> {
  const files = join(folder, 'files');
  say(`Writing files of every format, texts from ${text.origin}: ${JSON.stringify(FILES_OF)} …`);
  const figures: Figure[] = [];
  const parsed: ParsedFile[] = [];
  for (const [format, count] of Object.entries(FILES_OF) as [Format, number][]) {
    const paths = await generateFiles(files, { format, count, text });
    // The first file of a format loads its parser, which is not of the file.
    await readAll(paths.slice(0, 1));
    const read = await readAll(paths);
    figures.push(...rates(`read and parse, ${format}`, read));
    parsed.push(...read.parsed);
  }
  const { documents, ...split } = splitAll(parsed);
  figures.push(
    ...rates('split', split),
    ...rates('store and index', await storeAll(folder, documents, split)),
  );

  say('Ingesting the same files in one process, all stages together …');
  const whole = await ingestOnce(folder, files);
  figures.push(...rates('ingest, all stages', { ...whole, files: whole.added }));
  return figures;
}

async function readAll(paths: readonly string[]): Promise<Work & { readonly parsed: readonly ParsedFile[] }> {
  const started = performance.now();
  const parsed: ParsedFile[] = [];
  for (const path of paths) {
    const bytes = await readFile(path);
    parsed.push({ ...(await readFileText(path, bytes)), path, bytes: bytes.length });
  }
  return { elapsedMs: performance.now() - started, files: paths.length, bytes: sumOf(parsed), parsed };
}

function splitAll(parsed: readonly ParsedFile[]): Work & { readonly documents: readonly DocumentChunks[] } {
  const splitter = new SentenceSplitter();
  splitter.split('The first text loads the token counter.');
  const started = performance.now();
  const documents = parsed.map(({ path, title, mediaType, metadata, bytes, ...placed }) => {
    const identity = { id: documentId(path), contentHash: path };
    const chunks = chunkText(splitter, { ...placed, documentId: identity.id, contentHash: path });
    return { document: { ...identity, source: path, uri: path, title, mediaType, metadata, bytes }, chunks };
  });
  return { elapsedMs: performance.now() - started, files: parsed.length, bytes: sumOf(parsed), documents };
}

async function storeAll(folder: string, documents: readonly DocumentChunks[], work: Work): Promise<Work> {
  await using store = await LanceDBStore.open(join(folder, 'stages'));
  const started = performance.now();
  for (let first = 0; first < documents.length; first += DOCUMENTS_A_CALL) {
    await store.replaceDocuments(documents.slice(first, first + DOCUMENTS_A_CALL));
  }
  await store.optimize();
  return { ...work, elapsedMs: performance.now() - started };
}

async function measureJsonLines(folder: string, text: RealText): Promise<Figure[]> {
  const isThere = existsSync(cranfield);
  const path = isThere ? cranfield : join(folder, 'generated.jsonl');
  if (!isThere) generateJsonLines(path, text);
  const name = isThere ? 'Cranfield' : '1,400 generated records like those of Cranfield';
  say(`Ingesting ${name} as JSON Lines, ${ROUNDS} time(s), from a process's start to its end …`);
  let slowest = 0;
  let documents = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    ({ added: documents } = await ingestOnce(folder, path));
    slowest = Math.max(slowest, performance.now() - started);
  }
  return [
    figure({
      name: `${name} as JSON Lines, ${documents} documents, whole process, slowest of ${ROUNDS}`,
      value: slowest / 1000,
      unit: 's',
      bar: { atMost: CRANFIELD_BAR_S },
    }),
  ];
}

async function measureMemory(folder: string, text: RealText): Promise<Figure[]> {
  const peaks: { readonly few: number[]; readonly many: number[] } = { few: [], many: [] };
  const few = join(folder, 'few');
  const many = join(folder, 'many');
  say(`Writing ${FEW} and ${MANY} Markdown files …`);
  await generateFiles(few, { format: 'md', count: FEW, text });
  await generateFiles(many, { format: 'md', count: MANY, text });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [of, files] of [
      ['few', few],
      ['many', many],
    ] as const) {
      const { added, elapsedMs, peakMb } = await ingestOnce(folder, files);
      say(
        `${added} documents in ${(elapsedMs / 1000).toFixed(1)} s, at most ${peakMb.toFixed(0)} MB resident.`,
      );
      peaks[of].push(peakMb);
    }
  }
  return [
    figure({
      name: `peak resident memory, ${MANY} documents beside ${FEW}`,
      value: mean(peaks.many),
      unit: 'MB',
      floor: mean(peaks.few),
      bar: { ratioAtMost: MEMORY_BAR },
    }),
  ];
}

/** Ingests into a new data folder, in a new process. */
async function ingestOnce(folder: string, path: string): Promise<OneIngest> {
  const data = join(folder, 'data');
  await mkdir(data);
  try {
    const program = fileURLToPath(new URL('ingest-once.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, data, path]);
    const result = JSON.parse(stdout) as OneIngest;
    if (result.added === 0) throw new Error(`Nothing of ${path} could be ingested.`);
    if (result.failed > 0) say(`${result.failed} document(s) were reported as unreadable.`);
    return result;
  } finally {
    await rm(data, { recursive: true });
  }
}

function rates(stage: string, { elapsedMs, files, bytes }: Work): Figure[] {
  return [
    figure({ name: stage, value: (files / elapsedMs) * 1000, unit: 'files/s' }),
    figure({ name: stage, value: (bytes / 2 ** 20 / elapsedMs) * 1000, unit: 'MB/s' }),
  ];
}

function sumOf(files: readonly ParsedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}
