import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireFolderLock } from '../src/ingest/folder-lock.ts';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

const GUIDE = `# Guide

A turn is one question and its answer in a session.

## How is a turn stopped?

A turn is stopped with a DELETE request on its address. The partial answer is kept as partial.

## Setup

Install Node 22.13 or newer, then run npm start.
`;

interface Run {
  readonly words: readonly string[];
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
}

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Program {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor({ words, directory, environment = {}, input }: Run) {
    this.process = spawn(process.execPath, [main, ...words], {
      cwd: directory,
      // Nothing of the machine's own settings.
      env: { PATH: process.env['PATH'], HOME: directory, TMPDIR: directory, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    if (input !== undefined) this.process.stdin.end(input);
    this.ended = once(this.process, 'close').then(([exitCode]) => ({
      exitCode: exitCode as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Waits until one of its streams has said something like this. */
  async says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[stream]);
      if (found !== null) return found;
      const data = once(this.process[stream], 'data');
      const more = await Promise.race([data, this.ended.then(() => undefined)]);
      if (more === undefined && pattern.exec(this[stream]) === null) {
        throw new Error(`It ended without saying ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
    }
  }
}

const run = async (options: Run): Promise<Ended> => new Program({ input: '', ...options }).ended;

function makeFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'citestream-program-'));
  mkdirSync(path.join(folder, 'docs'));
  writeFileSync(path.join(folder, 'docs', 'guide.md'), GUIDE);
  return folder;
}

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });

describe('the program', () => {
  let directory = '';
  beforeAll(() => (directory = makeFolder()));
  afterAll(() => remove(directory));

  it('prints its version and its help', async () => {
    expect(await run({ words: ['--version'], directory })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
      stderr: '',
    });
    const help = await run({ words: ['ask', '--help'], directory });
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('citestream ask "How is a turn stopped?" --json | jq .sources');
  });

  it('says in one sentence what is wrong with a command line', async () => {
    expect(await run({ words: ['serve', '--prot', '80'], directory })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: "citestream: unknown option '--prot'; did you mean --port? See citestream serve --help.\n",
    });
    expect(await run({ words: ['aks', 'x'], directory })).toMatchObject({
      exitCode: 2,
      stderr: "citestream: unknown command 'aks'; did you mean ask? See citestream --help.\n",
    });
    expect(await run({ words: ['config'], directory, environment: { CITESTREAM_PORT: 'x' } })).toMatchObject({
      exitCode: 2,
      stderr: 'citestream: CITESTREAM_PORT is "x"; it must be an integer from 0 to 65535.\n',
    });
    writeFileSync(path.join(directory, 'bad.json'), '{\n  "port": 80,\n  "key": nope,\n}\n');
    expect(await run({ words: ['config', '--config', 'bad.json'], directory })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^citestream: The configuration file .*bad\.json is not valid JSON: .* \(line 3, column 11\)\.\n$/,
      ) as string,
    });
  });

  it('shows a stack only where it is asked for', async () => {
    const quiet = await run({ words: ['ingest', 'none'], directory });
    expect(quiet).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'citestream: There is no file or folder "none".\n',
    });
    for (const loud of await Promise.all([
      run({ words: ['ingest', 'none', '--debug'], directory }),
      run({ words: ['ingest', 'none'], directory, environment: { CITESTREAM_DEBUG: '1' } }),
    ])) {
      expect(loud.exitCode).toBe(2);
      expect(loud.stderr).toMatch(/^citestream: There is no file or folder "none"\.\n.*\n {4}at /s);
    }
  });

  it('says what to do where nothing was ingested yet, and makes no folder', async () => {
    const words = ['ask', 'anything', '--data-dir', 'empty'];
    const { exitCode, stdout, stderr } = await run({ words, directory });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /^citestream: There are no documents in .*empty yet\. Add some first: citestream ingest FOLDER\n$/,
    );
    expect(existsSync(path.join(directory, 'empty'))).toBe(false);
    const other = await run({ words: ['ask', 'anything', '--data-dir', 'docs'], directory });
    expect(other.stderr).toMatch(/There are no documents in .*docs yet\./);
    expect(readdirSync(path.join(directory, 'docs'))).toEqual(['guide.md']);
  });

  it.skipIf(!existsSync('/proc/self'))('says that a data folder cannot be made', async () => {
    const commands = [
      ['serve', '--port', '0'],
      ['ingest', 'docs'],
    ];
    const all = commands.map(async (words) => run({ words: [...words, '--data-dir', '/proc/x'], directory }));
    for (const { exitCode, stderr } of await Promise.all(all)) {
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /^citestream: The data folder \/proc\/x\S* cannot be used: it cannot be made there\. Use another folder\.\n$/,
      );
    }
  });

  it.skipIf(!existsSync('/dev/full')).each([
    ['its output cannot be written', '"$@" > /dev/full', /^citestream: the output cannot be written: ENOSPC/],
    [
      'its working directory is gone',
      'mkdir gone && cd gone && rmdir ../gone && "$@"',
      /citestream: the working directory is gone; change to another one\.\n$/,
    ],
  ])('ends with one sentence and 1 where %s', (_, command, sentence) => {
    const { status, stderr } = spawnSync('sh', ['-c', command, 'sh', process.execPath, main, 'config'], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain('    at ');
  });

  it('names a data folder that cannot be used', async () => {
    writeFileSync(path.join(directory, 'a-file'), '');
    const commands = [
      ['ingest', 'docs', '--data-dir', 'a-file'],
      ['serve', '--data-dir', 'a-file', '--port', '0'],
      ['ask', 'x', '--data-dir', 'a-file'],
    ];
    for (const { exitCode, stderr } of await Promise.all(
      commands.map(async (words) => run({ words, directory })),
    )) {
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^citestream: .*a-file.*\n$/);
    }
  });
});

describe('ingest', () => {
  let directory = '';
  beforeEach(() => (directory = makeFolder()));
  afterEach(() => remove(directory));

  const ingest = async (...words: readonly string[]) =>
    run({ words: ['ingest', 'docs', ...words], directory });
  const ingestJson = async () => JSON.parse((await ingest('--json')).stdout) as Record<string, unknown>;

  it('adds, skips what is unchanged, replaces what is changed and removes what is gone', async () => {
    const docs = path.join(directory, 'docs');
    writeFileSync(path.join(docs, 'notes.txt'), 'Some notes.\n');
    const first = await ingestJson();
    expect(first).toMatchObject({ added: 2, updated: 0, unchanged: 0, removed: 0, failed: [] });
    expect(String(first['elapsed_ms'])).toMatch(/^\d+(\.\d)?$/);
    expect(await ingestJson()).toMatchObject({ added: 0, updated: 0, unchanged: 2, removed: 0, chunks: 0 });
    writeFileSync(path.join(docs, 'guide.md'), `${GUIDE}\nMore.\n`);
    rmSync(path.join(docs, 'notes.txt'));
    expect(await ingestJson()).toMatchObject({ added: 0, updated: 1, unchanged: 0, removed: 1 });
    expect(await ingest()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('1 unchanged') as string,
    });
  });

  it('names the files that fail, ingests the rest, and ends with 1', async () => {
    writeFileSync(path.join(directory, 'docs', 'broken.pdf'), 'no PDF');
    const { exitCode, stdout } = await ingest();
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^✗ docs\/broken\.pdf: .+\n✗ 1 added, 1 failed/);
    const asked = await run({ words: ['ask', 'How is a turn stopped?'], directory });
    expect(asked.stdout).toContain('DELETE');
  });

  it('does its work to the end when nobody reads its progress any more', async () => {
    const program = new Program({ words: ['ingest', 'docs', '--json'], directory });
    program.process.stderr.destroy();
    expect((await program.ended).exitCode).toBe(0);
    expect(JSON.parse(program.stdout)).toMatchObject({ added: 1 });
  });

  it('leaves out what is excluded', async () => {
    writeFileSync(path.join(directory, 'docs', 'draft.md'), 'A draft.');
    writeFileSync(path.join(directory, 'docs', 'old.md'), 'Old.');
    const { stdout } = await ingest('--exclude', 'draft.md', '--exclude', 'old*', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ added: 1 });
  });

  it('waits for another one, names it, and can be interrupted while it waits', async () => {
    const dataDir = path.join(directory, '.citestream');
    const lock = await acquireFolderLock(dataDir, { holder: 'somebody else' });
    try {
      const program = new Program({ words: ['ingest', 'docs'], directory });
      await program.says('stderr', /^Waiting for somebody else …$/m);
      program.process.kill('SIGINT');
      const { exitCode, stderr } = await program.ended;
      expect(exitCode).toBe(130);
      expect(stderr).toMatch(/interrupted\. Nothing was changed/);
      const other = new Program({ words: ['ingest', 'docs', '--json'], directory });
      await other.says('stderr', /Waiting for/);
      lock[Symbol.dispose]();
      expect((await other.ended).exitCode).toBe(0);
      expect(JSON.parse(other.stdout)).toMatchObject({ added: 1 });
    } finally {
      lock[Symbol.dispose]();
    }
  });

  it('keeps what was done when it is interrupted, and the next run does the rest', async () => {
    const count = 1500;
    for (let index = 1; index < count; index += 1) {
      writeFileSync(
        path.join(directory, 'docs', `note-${index}.md`),
        `# Note ${index}\n\nThis is note ${index}.\n`,
      );
    }
    const program = new Program({ words: ['ingest', 'docs'], directory });
    await program.says('stderr', /Reading 1,500 files/);
    program.process.kill('SIGINT');
    const { exitCode, stdout, stderr } = await program.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(stderr).toContain('the same command goes on from there.');
    const { added, unchanged, failed } = await ingestJson();
    expect({ documents: Number(added) + Number(unchanged), failed }).toEqual({
      documents: count,
      failed: [],
    });
  });
});

describe('questions', () => {
  let directory = '';
  beforeAll(async () => {
    directory = makeFolder();
    await run({ words: ['ingest', 'docs'], directory });
  });
  afterAll(() => remove(directory));

  it('are answered with the cited passages, where they stand in the file', async () => {
    const { exitCode, stdout, stderr } = await run({ words: ['ask', 'How is a turn stopped?'], directory });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(
      /DELETE request on its address\.” \[1\]\n\nSources\n\[1\] Guide.*\n {4}docs\/guide\.md:7\n/s,
    );
    expect(stdout).not.toContain('\u001B');
  });

  it('are answered as one JSON object, in the words of the HTTP API', async () => {
    const { exitCode, stdout, stderr } = await run({
      words: ['ask', 'How', 'is', 'a', 'turn', 'stopped?', '--json', '--top-k', '3'],
      directory,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.trimEnd()).not.toContain('\n');
    const answer = JSON.parse(stdout) as Record<string, unknown> & {
      readonly answer: string;
      readonly citations: readonly { readonly id: number; readonly at: number }[];
    };
    expect(Object.keys(answer).sort()).toEqual(
      ['answer', 'citations', 'cited', 'finish_reason', 'sources', 'timings', 'usage'].sort(),
    );
    expect(answer).toMatchObject({
      finish_reason: 'stop',
      cited: [1],
      sources: [{ id: 1, uri: 'docs/guide.md', title: 'Guide' }],
      usage: { output_tokens: expect.any(Number) as number },
      timings: { total_ms: expect.any(Number) as number },
    });
    for (const { id, at } of answer.citations)
      expect(answer.answer.slice(at)).toMatch(new RegExp(`^\\[${id}\\]`));
  });

  it('are read from standard input, and refused where they are empty or too long', async () => {
    const asked = await run({ words: ['ask', '-'], directory, input: 'How is a turn\nstopped?\n' });
    expect(asked.stdout).toContain('DELETE');
    expect(await run({ words: ['ask', '-'], directory, input: ' \n' })).toMatchObject({
      exitCode: 2,
      stdout: '',
    });
    const long = await run({ words: ['ask', '-'], directory, input: 'word '.repeat(20_000) });
    expect(long).toMatchObject({ exitCode: 2, stdout: '' });
    expect(long.stderr).toMatch(/^citestream: The question has more than 32000 characters/);
  });

  it('have an honest answer where the documents hold none', async () => {
    const { exitCode, stdout } = await run({
      words: ['ask', 'Who', 'composed', 'Parsifal?', '--json'],
      directory,
    });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ finish_reason: 'no_sources', cited: [] });
  });

  it('can be narrowed by metadata', async () => {
    writeFileSync(
      path.join(directory, 'dated.md'),
      '---\nyear: 1950\n---\n\nA turn of 1950 was stopped by hand.\n',
    );
    await run({ words: ['ingest', 'dated.md'], directory });
    const words = ['ask', 'How was a turn stopped?', '--json', '--filter'];
    const uris = async (filter: string) => {
      const { stdout } = await run({ words: [...words, filter], directory });
      return (JSON.parse(stdout) as { sources: readonly { uri: string }[] }).sources.map(({ uri }) => uri);
    };
    expect(await uris('year=1950')).toEqual(['dated.md']);
    expect(await uris('year>1950')).toEqual([]);
  });

  it('have colour on a terminal, and elsewhere only where it is forced', async () => {
    const words = ['ask', 'How is a turn stopped?'];
    const [forced, without] = await Promise.all([
      run({ words, directory, environment: { FORCE_COLOR: '1' } }),
      run({ words, directory, environment: { NO_COLOR: '1' } }),
    ]);
    expect(forced.stdout).toContain('\u001B[32m[1]\u001B[39m');
    expect(without.stdout).not.toContain('\u001B');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('end at %s with %i, in the middle of an answer', async (signal, exitCode) => {
    const words = ['ask', 'How is a turn stopped?', '--tokens-per-second', '2'];
    const program = new Program({ words, directory });
    await program.says('stdout', /\w/);
    program.process.kill(signal);
    expect(await program.ended).toMatchObject({ exitCode, stderr: '' });
    expect(program.stdout).toMatch(/\n$/);
    expect(program.stdout).not.toContain('DELETE');
  });

  it('end quietly when the reader of a pipe leaves', async () => {
    const words = ['ask', 'How is a turn stopped?', '--tokens-per-second', '50'];
    const program = new Program({ words, directory });
    await program.says('stdout', /\w/);
    program.process.stdout.destroy();
    expect(await program.ended).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('of a conversation lean on those before', async () => {
    const input =
      'What is a turn?\n\nand how is it stopped?\n/sources 1\n/sorces\n/new\n/quit\nnever asked\n';
    const { exitCode, stdout, stderr } = await run({
      words: ['chat', '--session', 'monday'],
      directory,
      input,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [first = '', second = ''] = stdout.split('Quoted from').slice(1);
    expect(first).toContain('one question and its answer');
    expect(second).toContain('DELETE request');
    expect(stdout).toContain('Install Node 22.13 or newer, then run npm start.');
    expect(stdout).toContain('There is no /sorces; did you mean /sources?');
    expect(stdout).toMatch(/A new conversation\.\n+$/);
  });

  it('and commands of a conversation are all taken, however many wait in the pipe', async () => {
    const { exitCode, stdout } = await run({ words: ['chat'], directory, input: '/sources\n'.repeat(350) });
    expect(exitCode).toBe(0);
    expect(stdout.match(/There is no answer with sources yet\./g)).toHaveLength(350);
  });

  it('of a session are stored with it', async () => {
    const words = ['ask', 'and how is it stopped?', '--session', 'tuesday', '--json'];
    await run({ words: ['ask', 'What is a turn?', '--session', 'tuesday'], directory });
    const { stdout } = await run({ words, directory });
    expect((JSON.parse(stdout) as { answer: string }).answer).toContain('DELETE');
    const refused = await run({ words: ['ask', 'x', '--session', 'no spaces please'], directory });
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('doctor', () => {
  let directory = '';
  beforeAll(() => (directory = makeFolder()));
  afterAll(() => remove(directory));

  it('finds that everything works, before and after the first ingest', async () => {
    const before = await run({ words: ['doctor'], directory });
    expect(before).toMatchObject({ exitCode: 0, stderr: '' });
    expect(before.stdout).toMatch(/^✓ data folder .*not there yet/m);
    expect(existsSync(path.join(directory, '.citestream'))).toBe(false);
    await run({ words: ['ingest', 'docs'], directory });
    const after = await run({ words: ['doctor', '--json'], directory });
    expect(after.exitCode).toBe(0);
    const { ok, checks } = JSON.parse(after.stdout) as {
      ok: boolean;
      checks: { name: string; detail: string }[];
    };
    expect(ok).toBe(true);
    expect(checks.find(({ name }) => name === 'store')?.detail).toBe('opens; 1 document, 1 passage');
    expect(checks.find(({ name }) => name === 'search')?.detail).toMatch(/^finds passages/);
    expect(readdirSync(directory).sort()).toEqual(['.citestream', 'docs']);
  });

  it('says what does not work, and what to do', async () => {
    writeFileSync(path.join(directory, 'a-file'), '');
    const { exitCode, stdout } = await run({ words: ['doctor', '--data-dir', 'a-file'], directory });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^✗ data folder .*a-file.*--data-dir/m);
    const other = await run({ words: ['doctor', '--llm', 'bedrock:some-model'], directory });
    expect(other.exitCode).toBe(1);
    expect(other.stdout).toMatch(/^✗ providers .*use bedrock-converse:some-model/m);
  });
});

describe('eval', () => {
  let directory = '';
  beforeAll(() => {
    directory = makeFolder();
    const lines = (records: readonly object[]) =>
      records.map((record) => `${JSON.stringify(record)}\n`).join('');
    writeFileSync(
      path.join(directory, 'docs', 'corpus.jsonl'),
      lines([
        { _id: 'd1', title: 'Wings', text: 'The lift of a wing grows with its angle.' },
        { _id: 'd2', title: 'Heat', text: 'A shock wave heats the nose of a cone.' },
        { _id: 'd3', title: 'Flow', text: 'Laminar flow becomes turbulent.' },
      ]),
    );
    writeFileSync(
      path.join(directory, 'docs', 'queries.jsonl'),
      lines([
        { _id: 'q1', text: 'what makes the lift of a wing grow' },
        { _id: 'q2', text: 'what heats a cone' },
      ]),
    );
    writeFileSync(
      path.join(directory, 'docs', 'qrels.tsv'),
      'query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n',
    );
  });
  afterAll(() => remove(directory));

  it('measures, and leaves nothing behind', async () => {
    const { exitCode, stdout } = await run({ words: ['eval', '--corpus', 'docs', '--json'], directory });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      documents: 3,
      queries: 2,
      ndcg_at_10: 1,
      recall_at_10: 1,
      mrr_at_10: 1,
    });
    const table = await run({ words: ['eval', '--corpus', 'docs'], directory });
    expect(table.stdout).toMatch(/^nDCG@10 +1\.0000/);
    expect(readdirSync(directory)).toEqual(['docs']);
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const program = new Program({ words: ['eval', '--corpus', 'docs'], directory });
    await program.says('stderr', /Reading/);
    program.process.kill('SIGINT');
    const { exitCode, stderr } = await program.ended;
    expect(exitCode).toBe(130);
    // There is nothing to go on from.
    expect(stderr).not.toContain('interrupted');
    expect(readdirSync(directory)).toEqual(['docs']);
  });

  it('names the documents that its figures are without, and refuses a corpus without any', async () => {
    const corpus = path.join(directory, 'docs', 'corpus.jsonl');
    const content = readFileSync(corpus, 'utf8');
    const evaluate = async () => run({ words: ['eval', '--corpus', 'docs', '--json'], directory });
    try {
      writeFileSync(corpus, `${content}not JSON\n`);
      const partly = await evaluate();
      expect(partly.exitCode).toBe(0);
      expect(partly.stderr).toMatch(/^✗ docs\/corpus\.jsonl: Line 4 is left out: /m);
      expect(JSON.parse(partly.stdout)).toMatchObject({ documents: 3, ndcg_at_10: 1 });
      writeFileSync(corpus, 'not JSON\n');
      const none = await evaluate();
      expect(none).toMatchObject({ exitCode: 2, stdout: '' });
      expect(none.stderr).toMatch(/^citestream: No document of .*corpus\.jsonl can be read\. Line 1 /m);
    } finally {
      writeFileSync(corpus, content);
    }
  });

  it('names the file that is missing', async () => {
    const { exitCode, stderr } = await run({ words: ['eval', '--corpus', '.'], directory });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^citestream: .*queries\.jsonl is missing/);
  });
});

describe('serve', () => {
  let directory = '';
  beforeAll(() => (directory = makeFolder()));
  afterAll(() => remove(directory));

  const welcome =
    /citestream serves (http:\/\/127\.0\.0\.1:(\d+)).*1 document, 1 passage\n\nAsk it:\n\n {2}curl -N (\S+) .*-d '(.*)'\n/;

  it('ingests, says where it is and what to ask, answers, and ends cleanly', async () => {
    const program = new Program({ words: ['serve', 'docs', '--port', '0'], directory });
    const [, , port = '', address = '', body = ''] = await program.says('stdout', welcome);
    expect(body).toContain('How is a turn stopped?');
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('event: done');

    const second = await run({ words: ['serve', '--port', port], directory });
    expect(second).toMatchObject({ exitCode: 1, stdout: '' });
    expect(second.stderr).toMatch(/^citestream: Port \d+ on 127\.0\.0\.1 is taken\. .*--port \d+\n$/);

    program.process.kill('SIGTERM');
    expect((await program.ended).exitCode).toBe(0);
  });

  it('does no work twice when it is started again, and says so', async () => {
    const program = new Program({ words: ['serve', 'docs', '--port', '0'], directory });
    await program.says('stdout', welcome);
    expect(program.stdout).toMatch(/^Nothing has changed since the last time: 1 document\.\n/);
    program.process.kill('SIGINT');
    expect((await program.ended).exitCode).toBe(0);
  });
});
