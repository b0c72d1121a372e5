import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadConfiguration } from '../src/config/load-configuration.ts';
import { DocumentPool } from '../src/documents/document-pool.ts';
import { findFiles } from '../src/ingest/find-files.ts';
import { acquireFolderLock } from '../src/ingest/folder-lock.ts';
import { ingest } from '../src/ingest/ingest.ts';
import type { IngestEvent, IngestSummary } from '../src/ingest/ingest-event.ts';
import { runIngestInThread } from '../src/ingest-thread.ts';
import { openStore } from '../src/open-store.ts';
import { runIngest } from '../src/run-ingest.ts';

const root = resolve(import.meta.dirname, '..');

let folder: string;
let papers: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-ingest-'));
  papers = join(folder, 'papers');
  mkdirSync(papers);
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const configuration = () =>
  loadConfiguration({ settings: { dataDir: join(folder, 'data'), chunk: { size: 32, overlap: 4 } } })
    .configuration;

const ingestPapers = async (onEvent?: (event: IngestEvent) => void): Promise<IngestSummary> =>
  runIngest({
    paths: [papers],
    configuration: configuration(),
    ...(onEvent === undefined ? {} : { onEvent }),
  });

function write(name: string, text: string): void {
  writeFileSync(join(papers, name), text);
}

/** A text of several chunks, every one of which names its version. */
const versioned = (name: string, version: string): string =>
  Array.from(
    { length: 12 },
    (_, part) => `The ${name} paper has part ${part} in ${version} of its text.`,
  ).join('\n\n');

/** The versions that each stored document's chunks name; a whole document names one. */
async function storedVersions(): Promise<Map<string, Set<string>>> {
  await using store = await openStore(configuration());
  const versions = new Map<string, Set<string>>();
  for (let after = ''; ;) {
    const page = await store.listDocuments({ limit: 500, ...(after === '' ? {} : { after }) });
    for (const { id, uri, chunks } of page) {
      const stored = await store.getDocumentChunks(id);
      expect(stored.length, `${uri} has all its chunks`).toBe(chunks);
      versions.set(uri, new Set(stored.flatMap(({ text }) => text.match(/version\d/g) ?? [])));
    }
    if (page.length < 500) return versions;
    after = page.at(-1)?.id ?? '';
  }
}

async function found(question: string): Promise<string[]> {
  await using store = await openStore(configuration());
  return (await store.query({ mode: 'sparse', text: question, topK: 5 })).map(({ chunk }) => chunk.uri);
}

/** Starts the command line's ingest and gives its events, one a line. */
function startIngest(): { child: ChildProcess; events: AsyncIterable<string> } {
  const script = `
    import { loadConfiguration } from './src/config/load-configuration.ts';
    import { runIngest } from './src/run-ingest.ts';
    const { configuration } = loadConfiguration({ settings: ${JSON.stringify({ dataDir: join(folder, 'data'), chunk: { size: 32, overlap: 4 } })} });
    await runIngest({ paths: [${JSON.stringify(papers)}], configuration, onEvent: (event) => console.log(JSON.stringify(event)) });`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  return { child, events: createInterface({ input: child.stdout }) };
}

describe('ingesting a folder', () => {
  it('adds what is new, replaces what changed, skips what did not, and removes what is gone', async () => {
    write('a.md', '# Pools\n\nA pool holds forty workers.');
    write('b.md', '# Streams\n\nA stream carries tokens.');
    write('c.md', '# Locks\n\nA lock lets one writer in.');
    expect(await ingestPapers()).toMatchObject({
      added: 3,
      updated: 0,
      unchanged: 0,
      removed: 0,
      failed: [],
    });
    expect(await ingestPapers()).toMatchObject({
      added: 0,
      updated: 0,
      unchanged: 3,
      removed: 0,
      bytes: 106,
    });

    write('b.md', '# Streams\n\nA stream carries zebras.');
    rmSync(join(papers, 'c.md'));
    expect(await ingestPapers()).toMatchObject({ added: 0, updated: 1, unchanged: 1, removed: 1 });
    expect(await found('zebras')).toEqual(['papers/b.md']);
    expect(await found('tokens')).toEqual([]);
    expect(await found('writer')).toEqual([]);
  });

  it('follows the lines of a JSON Lines file one by one', async () => {
    const line = (id: string, text: string) => JSON.stringify({ _id: id, title: `Title ${id}`, text });
    write(
      'corpus.jsonl',
      [line('1', 'about apples'), line('2', 'about pears'), line('3', 'about plums')].join('\n'),
    );
    expect(await ingestPapers()).toMatchObject({ added: 3, files: 1 });
    write(
      'corpus.jsonl',
      [line('1', 'about apples'), line('2', 'about quinces'), line('4', 'about figs')].join('\n'),
    );
    expect(await ingestPapers()).toMatchObject({ added: 1, updated: 1, unchanged: 1, removed: 1 });
    expect(await found('quinces')).toEqual(['papers/corpus.jsonl#2']);
    expect(await found('plums')).toEqual([]);
  });

  it('knows every file and line by its own name, whatever # is in it', async () => {
    mkdirSync(join(papers, 'set.jsonl#2'));
    write(join('set.jsonl#2', 'a.md'), 'A pool holds forty workers.');
    write('set.jsonl', JSON.stringify({ _id: 'b.jsonl#1', title: 'Odd', text: 'about quinces' }));
    expect(await ingestPapers()).toMatchObject({ added: 2, removed: 0 });
    expect(await ingestPapers()).toMatchObject({ unchanged: 2, added: 0, updated: 0, removed: 0 });
    rmSync(join(papers, 'set.jsonl'));
    expect(await ingestPapers()).toMatchObject({ unchanged: 1, removed: 1 });
    expect(await found('workers')).toEqual(['papers/set.jsonl#2/a.md']);
  });

  it('reports a folder that may not be looked into, and keeps what was stored from it', async () => {
    mkdirSync(join(papers, 'locked'));
    for (const name of ['a.md', 'b.md', join('locked', 'c.md')]) write(name, `All about ${name}.`);
    await ingestPapers();
    await using store = await openStore(configuration());
    await using pool = new DocumentPool({
      settings: { chunkSize: 32, chunkOverlap: 4, maxFileBytes: 1e6 },
      threads: 1,
    });
    const all = await findFiles([papers], { extensions: new Set(['.md']) });
    const summary = await ingest({
      store,
      pool,
      found: {
        ...all,
        files: all.files.filter(({ uri }) => uri === 'papers/a.md'),
        unreadable: [{ path: join(papers, 'locked'), uri: 'papers/locked', reason: 'It may not be read.' }],
      },
    });
    expect(summary).toMatchObject({
      unchanged: 1,
      removed: 1,
      failed: [{ uri: 'papers/locked', reason: 'It may not be read.' }],
    });
    expect((await store.listDocuments()).map(({ uri }) => uri).sort()).toEqual([
      'papers/a.md',
      'papers/locked/c.md',
    ]);
  });

  it('reports each file that cannot be read, with its reason, keeps its older version, and goes on', async () => {
    write('a.md', 'A pool holds forty workers.');
    write('b.md', 'A stream carries tokens.');
    await ingestPapers();
    writeFileSync(join(papers, 'b.md'), Buffer.from([0, 1, 2, 0, 255, 0, 0, 7]));
    write('c.md', '');
    write('d.pdf', '%PDF-1.7 and then nothing');
    write('e.md', 'A lock lets one writer in.');
    const summary = await ingestPapers();
    expect(summary).toMatchObject({ added: 1, updated: 0, unchanged: 1, removed: 0 });
    expect(summary.failed.map(({ uri }) => uri).sort()).toEqual([
      'papers/b.md',
      'papers/c.md',
      'papers/d.pdf',
    ]);
    expect(summary.failed.every(({ reason }) => reason.length > 10)).toBe(true);
    expect(await found('tokens')).toEqual(['papers/b.md']);
  });

  it('reads everything again when the chunk size is another', async () => {
    write('a.md', versioned('a', 'version1'));
    await ingestPapers();
    const other = loadConfiguration({
      settings: { dataDir: join(folder, 'data'), chunk: { size: 64, overlap: 0 } },
    });
    const summary = await runIngest({ paths: [papers], configuration: other.configuration });
    expect(summary).toMatchObject({ updated: 1, unchanged: 0 });
  });

  it('tells its progress up to the end', async () => {
    write('a.md', 'A pool holds forty workers.');
    const events: IngestEvent[] = [];
    const summary = await ingestPapers((event) => events.push(event));
    expect(events[0]).toEqual({ type: 'started', files: 1, bytes: 27 });
    expect(events).toContainEqual({ type: 'document', uri: 'papers/a.md', status: 'added' });
    expect(events.at(-2)).toMatchObject({
      type: 'progress',
      files: 1,
      filesTotal: 1,
      bytes: 27,
      bytesTotal: 27,
    });
    expect(events.at(-1)).toEqual({ type: 'done', summary });
  });

  it('ends when its signal is aborted, keeps what is stored, and finishes the next time', async () => {
    for (let paper = 0; paper < 560; paper += 1) write(`${paper}.md`, versioned(`p${paper}`, 'version1'));
    const controller = new AbortController();
    const cut = runIngest({
      paths: [papers],
      configuration: configuration(),
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'document') controller.abort(new Error('enough'));
      },
    });
    await expect(cut).rejects.toThrow('enough');
    const kept = await storedVersions();
    expect(kept.size).toBeGreaterThan(0);
    expect(kept.size).toBeLessThan(560);
    expect(await ingestPapers()).toMatchObject({ unchanged: kept.size, added: 560 - kept.size });
  });

  it('runs in a thread of its own with the same result, and can be aborted there', async () => {
    write('a.md', 'A pool holds forty workers.');
    const events: string[] = [];
    const summary = await runIngestInThread({
      paths: [papers],
      configuration: configuration(),
      onEvent: ({ type }) => events.push(type),
    });
    expect(summary).toMatchObject({ added: 1, failed: [] });
    expect(events).toContain('started');
    await expect(
      runIngestInThread({ paths: [join(folder, 'missing')], configuration: configuration() }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });

    using _held = await acquireFolderLock(join(folder, 'data'), { holder: 'a test' });
    const controller = new AbortController();
    const waiting = runIngestInThread({
      paths: [papers],
      configuration: configuration(),
      signal: controller.signal,
      onEvent: ({ type }) => {
        if (type === 'waiting') controller.abort(new Error('not waiting any longer'));
      },
    });
    await expect(waiting).rejects.toThrow('not waiting any longer');
  });
});

describe('two ingests of one data folder', () => {
  it('take their turns: the second waits, knows for whom, and finds everything done', async () => {
    for (let paper = 0; paper < 40; paper += 1) write(`${paper}.md`, versioned(`p${paper}`, 'version1'));
    const { child, events } = startIngest();
    const told: IngestEvent[] = [];
    for await (const line of events) {
      if ((JSON.parse(line) as IngestEvent).type !== 'started') continue;
      const second = await ingestPapers((event) => told.push(event));
      expect(second).toMatchObject({ added: 0, unchanged: 40 });
    }
    expect(told[0]).toEqual({ type: 'waiting', holder: `an ingest of process ${child.pid}` });
    expect((await storedVersions()).size).toBe(40);
  });
});

describe('an ingest that is killed', () => {
  // The first number is how many documents it says are stored before it dies; -1 is before the first.
  it.each([-1, 0, 512])(
    'leaves old or new versions whole, after %i documents, and the next run finishes',
    async (after) => {
      const count = 560;
      for (let paper = 0; paper < count; paper += 1) write(`${paper}.md`, versioned(`p${paper}`, 'version1'));
      await ingestPapers();
      for (let paper = 0; paper < count; paper += 1) write(`${paper}.md`, versioned(`p${paper}`, 'version2'));

      const { child, events } = startIngest();
      let stored = 0;
      for await (const line of events) {
        const event = JSON.parse(line) as IngestEvent;
        if (event.type === 'document') stored += 1;
        if ((after === -1 && event.type === 'started') || (after >= 0 && stored > after))
          child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');

      const versions = await storedVersions();
      expect(versions.size).toBe(count);
      expect([...versions].filter(([, named]) => named.size !== 1)).toEqual([]);
      const replaced = [...versions.values()].filter((named) => named.has('version2')).length;
      expect(replaced).toBeGreaterThanOrEqual(after < 0 ? 0 : after);
      expect(replaced).toBeLessThanOrEqual(after < 0 ? 512 : count);

      expect(await ingestPapers()).toMatchObject({
        updated: count - replaced,
        unchanged: replaced,
        added: 0,
        removed: 0,
      });
      expect(
        [...(await storedVersions()).values()].every((named) => named.has('version2') && named.size === 1),
      ).toBe(true);
    },
  );
});
