import { constants, existsSync } from 'node:fs';
import { access, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatByteSize } from '../config/byte-size.ts';
import type { Configuration } from '../config/configuration.ts';
import { requireAvailable } from '../config/require-available.ts';
import { createEmbedder } from '../create-embedder.ts';
import { DocumentPool } from '../documents/document-pool.ts';
import { CitestreamError } from '../errors.ts';
import { folderLockHolder } from '../ingest/folder-lock.ts';
import { openStore } from '../open-store.ts';
import type { VectorStore } from '../stores/vector-store.ts';
import { quantity } from './quantity.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** One thing to look at. */
export interface Check {
  readonly name: string;
  /** Gives what it found; throws where it does not work, with what to do about it. */
  readonly run: (signal: AbortSignal) => Promise<string> | string;
}

const ENOUGH_BYTES = 500_000_000;

/** What `citestream doctor` looks at, in order; nothing is made that is not there. */
export function doctorChecks(configuration: Configuration): readonly Check[] {
  const { dataDir, llm, embedder } = configuration;
  return [
    { name: 'Node', run: () => `${process.version} on ${process.platform} ${process.arch}` },
    { name: 'providers', run: () => (requireAvailable(configuration), `${llm} writes, ${embedder} finds`) },
    { name: 'data folder', run: async () => checkFolder(dataDir) },
    { name: 'disk', run: async () => checkDisk(dataDir) },
    { name: 'writer', run: () => checkWriter(dataDir) },
    { name: 'embedder', run: async (signal) => checkEmbedder(configuration, signal) },
    { name: 'store', run: async (signal) => checkStore(configuration, signal) },
    { name: 'search', run: async (signal) => checkSearch(configuration, signal) },
    { name: 'reading', run: async (signal) => checkReading(configuration, signal) },
  ];
}

const NOT_YET = 'not there yet; the first ingest makes it';

async function checkFolder(dataDir: string): Promise<string> {
  try {
    if (!existsSync(dataDir)) {
      await access(existingFolder(dataDir), constants.W_OK | constants.X_OK);
      return `${dataDir} is ${NOT_YET}`;
    }
    await rm(await mkdtemp(path.join(dataDir, 'doctor-')), { recursive: true });
  } catch (error) {
    throw new CitestreamError(
      'DATA_FOLDER',
      `${dataDir} cannot be written: ${(error as Error).message}. Correct its permissions, or choose another with --data-dir.`,
      { cause: error },
    );
  }
  return `${dataDir} can be written`;
}

/** The folder itself, or the nearest above it that is there. */
function existingFolder(folder: string): string {
  return existsSync(folder) || folder === path.dirname(folder)
    ? folder
    : existingFolder(path.dirname(folder));
}

async function checkDisk(dataDir: string): Promise<string> {
  const { bavail, bsize } = await statfs(existingFolder(dataDir));
  const free = formatByteSize(bavail * bsize);
  if (bavail * bsize >= ENOUGH_BYTES) return `${free} free`;
  throw new CitestreamError(
    'DATA_FOLDER',
    `Only ${free} free for ${dataDir}. Free some, or choose another disk with --data-dir.`,
  );
}

function checkWriter(dataDir: string): string {
  const holder = existsSync(dataDir) ? folderLockHolder(dataDir) : undefined;
  return holder === undefined ? 'nobody is writing' : `${holder} is writing now`;
}

async function checkEmbedder(configuration: Configuration, signal: AbortSignal): Promise<string> {
  requireAvailable(configuration);
  await using embedder = await createEmbedder(configuration, { signal });
  if (embedder === undefined) return `${configuration.embedder} compares words and needs no model`;
  const started = performance.now();
  const vector = await embedder.embedQuery('Can you hear me?', { signal });
  return `${embedder.name} gives vectors of ${vector.length} numbers in ${Math.round(performance.now() - started)} ms`;
}

async function checkStore(configuration: Configuration, signal: AbortSignal): Promise<string> {
  return withStore(configuration, signal, async (store) => {
    const { documents, chunks } = await store.count({ signal });
    return documents === 0
      ? 'opens; nothing is in it yet: citestream ingest FOLDER'
      : `opens; ${quantity(documents, 'document')}, ${quantity(chunks, 'passage')}`;
  });
}

/** Words of a stored passage must find something. */
async function checkSearch(configuration: Configuration, signal: AbortSignal): Promise<string> {
  return withStore(configuration, signal, async (store) => {
    const [document] = await store.listDocuments({ limit: 1, signal });
    const [chunk] = document === undefined ? [] : await store.getDocumentChunks(document.id, { signal });
    if (chunk === undefined) return 'nothing to search yet';
    const words = chunk.text.match(/\p{L}{4,}/gu)?.slice(0, 20) ?? [];
    if (words.length === 0) return 'nothing to search with in the first document';
    const started = performance.now();
    const found = await store.query({ mode: 'sparse', text: words.join(' '), topK: 3 }, { signal });
    if (found.length > 0) return `finds passages in ${Math.round(performance.now() - started)} ms`;
    throw new CitestreamError(
      'STORE_FAILED',
      `A search for words of ${document?.uri} finds nothing. Delete ${configuration.dataDir} and ingest again.`,
    );
  });
}

async function withStore(
  configuration: Configuration,
  signal: AbortSignal,
  use: (store: VectorStore) => Promise<string>,
): Promise<string> {
  requireAvailable(configuration);
  if (!existsSync(configuration.dataDir)) return NOT_YET;
  await using embedder = await createEmbedder(configuration, { signal });
  await using store = await openStore(configuration, embedder);
  return await use(store);
}

async function checkReading({ chunk, ingest }: Configuration, signal: AbortSignal): Promise<string> {
  using folder = makeTemporaryFolder('citestream-doctor-');
  const file = path.join(folder.path, 'sample.md');
  await writeFile(file, '# Sample\n\nA thread reads this sentence.\n');
  await using pool = new DocumentPool({
    settings: { chunkSize: chunk.size, chunkOverlap: chunk.overlap, maxFileBytes: ingest.maxFileBytes },
    threads: 1,
    fileTimeoutMs: ingest.fileTimeoutMs,
    maxHeapMb: ingest.maxHeapMb,
  });
  const started = performance.now();
  const { documents } = await pool.read({ path: file, uri: 'sample.md' }, { cursor: 0, signal });
  if (documents.length !== 1) throw new CitestreamError('INTERNAL', 'The sample file was not read.');
  return `a thread reads a file in ${Math.round(performance.now() - started)} ms, its start included`;
}
