import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { doctorChecks } from '../src/cli/doctor-checks.ts';
import type { Configuration, ConfigurationInput } from '../src/config/configuration.ts';
import { loadConfiguration } from '../src/config/load-configuration.ts';
import { createCitestream } from '../src/create-citestream.ts';
import { runIngestInThread } from '../src/ingest-thread.ts';
import type { IngestSummary } from '../src/ingest/ingest-event.ts';
import { LanceDBStore } from '../src/stores/lancedb-store.ts';
import { runIngest } from '../src/run-ingest.ts';
import { type FakeEmbeddingServer, serveFakeEmbeddings } from '../src/testing/serve-fake-embeddings.ts';

let folder: string;
let papers: string;
let servers: AsyncDisposableStack;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-dense-'));
  papers = join(folder, 'papers');
  mkdirSync(papers);
  servers = new AsyncDisposableStack();
  vi.stubEnv('OPENAI_API_KEY', undefined);
  write('tea.md', '# Tea\n\nGreen tea is made from leaves that are not oxidised after they are picked.');
  write('bridge.md', '# Bridge\n\nThe steel bridge carries the railway over the river since 1890.');
  write('bees.md', '# Bees\n\nA colony of bees keeps its hive warm in winter by shivering.');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await servers.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): void => writeFileSync(join(papers, name), text);

const serve = async (options?: Parameters<typeof serveFakeEmbeddings>[0]): Promise<FakeEmbeddingServer> =>
  servers.use(await serveFakeEmbeddings(options));

const configure = (server: FakeEmbeddingServer, settings: ConfigurationInput = {}): Configuration =>
  loadConfiguration({
    settings: { dataDir: join(folder, 'data'), embedder: `openai:fake@${server.url}`, ...settings },
  }).configuration;

const ingestPapers = async (configuration: Configuration): Promise<IngestSummary> =>
  runIngest({ paths: [papers], configuration });

describe('with an embedder', () => {
  it.each([undefined, 'default', 'hybrid', 'sparse'] as const)(
    'an ingest and a question find the passage, in the mode %s',
    async (mode) => {
      const server = await serve({ dimension: 256 });
      const configuration = configure(server, mode === undefined ? {} : { retrieval: { mode } });
      expect(await ingestPapers(configuration)).toMatchObject({ added: 3, failed: [], chunks: 3 });
      await using citestream = await createCitestream(configuration);
      expect(citestream.store).toMatchObject({ dimension: 256 });
      const asked = server.requests.length;
      const found = await citestream.retriever.retrieve('how is green tea made?');
      expect(found[0]?.chunk.uri).toContain('tea.md');
      const isDense = mode !== 'sparse';
      // Words find only the texts that have them; vectors order all.
      if (isDense) expect(found).toHaveLength(3);
      expect(server.requests.length - asked).toBe(isDense ? 1 : 0);
      const { answer, sources } = await citestream.engine.query('What carries the railway over the river?');
      expect(sources[0]?.uri).toContain('bridge.md');
      expect(answer).toContain('[1]');
    },
  );

  it('an unchanged file is not embedded again, and a changed one is', async () => {
    const server = await serve();
    const configuration = configure(server);
    await ingestPapers(configuration);
    const first = server.requests.flatMap(({ input }) => input);
    expect(first.filter((text) => text !== 'dimension')).toHaveLength(3);
    write('bees.md', '# Bees\n\nBees dance to tell where flowers are.');
    expect(await ingestPapers(configuration)).toMatchObject({ updated: 1, unchanged: 2 });
    const second = server.requests.flatMap(({ input }) => input).slice(first.length);
    expect(second.filter((text) => text !== 'dimension')).toEqual([
      expect.stringContaining('Bees dance') as string,
    ]);
    await using citestream = await createCitestream(configuration);
    const [best] = await citestream.retriever.retrieve('bees dance flowers');
    expect(best?.chunk.text).toContain('Bees dance');
  });

  it('a provider that is throttled for a moment is asked again, and the ingest ends well', async () => {
    let refusals = 2;
    const server = await serve({
      answer: ({ input }) => {
        if (input[0] === 'dimension' || refusals === 0) return undefined;
        refusals -= 1;
        return {
          status: 429,
          body: { error: { message: 'Slow down.' } },
          headers: { 'retry-after-ms': '1' },
        };
      },
    });
    expect(await ingestPapers(configure(server))).toMatchObject({ added: 3, failed: [] });
    expect(refusals).toBe(0);
  });

  it('the thread of a server ingests as well', async () => {
    const server = await serve();
    const configuration = configure(server);
    const summary = await runIngestInThread({ paths: [papers], configuration });
    expect(summary).toMatchObject({ added: 3 });
  });
});

describe('doctor', () => {
  it('says how the embedder answers, and opens the store with it', async () => {
    const server = await serve({ dimension: 48 });
    const configuration = configure(server);
    await ingestPapers(configuration);
    const { signal } = new AbortController();
    const details = new Map<string, string>();
    for (const { name, run } of doctorChecks(configuration)) details.set(name, await run(signal));
    expect(details.get('embedder')).toMatch(/^openai:fake gives vectors of 48 numbers in \d+ ms$/);
    expect(details.get('store')).toBe('opens; 3 documents, 3 passages');
    expect(details.get('search')).toMatch(/^finds passages/);
  });
});

describe('refused before anything is written or asked:', () => {
  const stored = async (dimension: number, embedderName: string) => {
    await using store = await LanceDBStore.open(join(folder, 'data/lancedb'), { dimension, embedderName });
    return await store.listDocuments();
  };

  it.each([
    [
      'another model',
      (server: FakeEmbeddingServer) => configure(server, { embedder: `openai:new@${server.url}` }),
    ],
    [
      'another dimension',
      (server: FakeEmbeddingServer) => configure(server, { embedding: { dimension: 32 } }),
    ],
    ['no embedder any more', (server: FakeEmbeddingServer) => configure(server, { embedder: 'bm25' })],
  ])('%s', async (_, change) => {
    const server = await serve();
    await ingestPapers(configure(server));
    const before = await stored(64, 'openai:fake');
    write('new.md', '# New\n\nNot to be stored.');
    const changed = change(server);
    const texts = server.requests.length;
    await expect(ingestPapers(changed)).rejects.toMatchObject({
      code: 'STORE_MISMATCH',
      message: expect.stringContaining('the embedder openai:fake (64 dimensions)') as string,
    });
    await expect(createCitestream(changed)).rejects.toMatchObject({ code: 'STORE_MISMATCH' });
    await expect(runIngestInThread({ paths: [papers], configuration: changed })).rejects.toMatchObject({
      code: 'STORE_MISMATCH',
    });
    expect(await stored(64, 'openai:fake')).toEqual(before);
    expect(server.requests.slice(texts).flatMap(({ input }) => input)).not.toContain('Not to be stored.');
  });

  it('an embedder on a folder that was made without one', async () => {
    const server = await serve();
    await ingestPapers(configure(server, { embedder: 'bm25' }));
    await expect(ingestPapers(configure(server))).rejects.toMatchObject({ code: 'STORE_MISMATCH' });
  });

  it.each([
    ['of another length than at first', (at: number) => (at === 0 ? [1, 0] : [1, 0, 0])],
    ['with a value that is no number', (at: number) => (at === 0 ? [1, 0] : [1, null])],
  ])('vectors %s', async (_, vectorOf) => {
    let asked = 0;
    const server = await serve({
      answer: ({ input }) => {
        const embedding = vectorOf(asked);
        asked += 1;
        return { status: 200, body: { data: input.map((__, index) => ({ index, embedding })) } };
      },
    });
    await expect(ingestPapers(configure(server))).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' });
    expect(await stored(2, 'openai:fake')).toEqual([]);
  });

  it('a provider that is not there', async () => {
    const server = await serve();
    const configuration = configure(server, { embedding: { dimension: 64 } });
    await ingestPapers(configuration);
    await servers.disposeAsync();
    servers = new AsyncDisposableStack();
    await using citestream = await createCitestream(configuration);
    const question = citestream.retriever.retrieve('tea', { signal: AbortSignal.timeout(60_000) });
    await expect(question).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});
