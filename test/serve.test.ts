import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { createParser } from 'eventsource-parser';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const main = join(root, 'src/cli/main.ts');

interface Program {
  readonly child: ChildProcess;
  readonly url: string;
  output(): string;
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

interface SentEvent {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly data: Record<string, unknown>;
}

let folder: string;
const programs: Program[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-serve-'));
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map(async (program) => program.end('SIGKILL')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function launch(parameters: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [main, ...parameters], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', CITESTREAM_DATA_DIR: join(folder, 'data'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Starts `citestream serve` and waits until it says its address. */
async function serve(
  parameters: readonly string[],
  environment: Record<string, string> = {},
): Promise<Program> {
  const child = launch(['serve', ...parameters, '--port', '0'], environment);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (part: Buffer): void => {
      output += part.toString();
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
      if (address !== undefined && output.includes('Ctrl-C ends it.')) resolve(address);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    void exited.then(([code]) => reject(new Error(`exit code ${code}: ${output}`)));
  });
  const program: Program = {
    child,
    url,
    output: () => output,
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const [code, ended] = await exited;
      return { code, signal: ended };
    },
  };
  programs.push(program);
  return program;
}

async function ask(url: string, body: object): Promise<SentEvent[]> {
  const response = await fetch(`${url}/chat/stream/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  return parse(await response.text());
}

function parse(text: string): SentEvent[] {
  const events: SentEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) =>
      events.push({ id, type: event, data: JSON.parse(data) as Record<string, unknown> }),
  });
  parser.feed(text);
  return events;
}

const json = async (url: string, options?: RequestInit): Promise<Record<string, unknown>> =>
  (await (await fetch(url, options)).json()) as Record<string, unknown>;

const answerOf = (events: readonly SentEvent[]): string =>
  events
    .filter(({ type }) => type === 'token')
    .map(({ data }) => String(data['text']))
    .join('');

describe('citestream serve', () => {
  it('ingests the docs, answers with citations that lead to their passages, and ends cleanly', async () => {
    const program = await serve(['docs']);
    expect(program.output()).toMatch(/curl -N/);

    const events = await ask(program.url, { message: 'How do I stop a running answer?' });
    expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => index + 1));
    expect(events[0]).toMatchObject({ type: 'turn', data: { mode: 'async' } });
    expect(events[1]?.type).toBe('sources');
    expect(events.at(-1)).toMatchObject({ type: 'done', data: { finish_reason: 'stop' } });

    const answer = answerOf(events);
    const sources = events[1]?.data['sources'] as Record<string, unknown>[];
    const citations = events.filter(({ type }) => type === 'citation').map(({ data }) => data);
    expect(citations.length).toBeGreaterThan(0);
    for (const { id, chunk_id, at, support } of citations) {
      expect(answer.startsWith(`[${Number(id)}]`, Number(at))).toBe(true);
      expect(support).toBe('supported');
      const source = sources.find((candidate) => candidate['id'] === id);
      expect(source?.['chunk_id']).toBe(chunk_id);
      const chunk = await json(`${program.url}/chunks/${String(chunk_id)}`);
      const quote = /“([^“]*)” $/.exec(answer.slice(0, Number(at)))?.[1] ?? 'no quote before the marker';
      const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
      expect(plain(String(chunk['text']))).toContain(plain(quote));
    }

    const history = await json(`${program.url}/sessions/${String(events[0]?.data['session_id'])}`);
    const [turn] = history['turns'] as Record<string, unknown>[];
    expect(turn).toMatchObject({
      question: 'How do I stop a running answer?',
      answer,
      citations,
      status: 'complete',
    });

    expect(await program.end()).toEqual({ code: 0, signal: null });
  });

  it('does no work twice when it is started again', async () => {
    const first = await serve(['docs']);
    await first.end();
    const program = await serve(['docs']);
    expect(program.output()).toMatch(/nothing has changed/i);
    expect(program.output()).not.toMatch(/\b[1-9]\d* added/);
  });

  it('takes an uploaded document, answers from it, and forgets it when it is deleted', async () => {
    const program = await serve([], { CITESTREAM_DATA_DIR: join(folder, 'uploads') });
    const form = new FormData();
    form.append(
      'files',
      new Blob(['# Quokkas\n\nA quokka eats leaves and smiles at visitors.']),
      '../../quokka.md',
    );
    const job = await json(`${program.url}/documents`, { method: 'POST', body: form });
    const told = parse(
      await (await fetch(`${program.url}/documents/jobs/${String(job['job_id'])}/events`)).text(),
    );
    expect(told.at(-1)).toMatchObject({ type: 'done', data: { summary: { added: 1, failed: [] } } });

    const events = await ask(program.url, { message: 'What does a quokka eat?' });
    expect(answerOf(events)).toContain('“A quokka eats leaves and smiles at visitors.” [1]');
    const [source] = events[1]!.data['sources'] as Record<string, unknown>[];
    const removed = await fetch(`${program.url}/documents/${String(source?.['document_id'])}`, {
      method: 'DELETE',
    });
    expect(removed.ok).toBe(true);
    expect(await ask(program.url, { message: 'What does a quokka eat?' })).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          type: 'done',
          data: expect.objectContaining({ finish_reason: 'no_sources', cited: [] }),
        }),
      ]),
    );
  });

  it('sees what another process ingests into its folder', async () => {
    const environment = { CITESTREAM_DATA_DIR: join(folder, 'shared') };
    const program = await serve([], environment);
    mkdirSync(join(folder, 'papers'));
    writeFileSync(join(folder, 'papers/axolotl.md'), 'An axolotl regrows its limbs within weeks.');
    const ingest = launch(['ingest', join(folder, 'papers')], environment);
    const [code] = (await once(ingest, 'exit')) as [number];
    expect(code).toBe(0);
    await expect
      .poll(async () => answerOf(await ask(program.url, { message: 'What does an axolotl regrow?' })), {
        timeout: 10_000,
      })
      .toContain('An axolotl regrows its limbs within weeks.');
  });

  it('remembers the conversation for a question that leans on the one before', async () => {
    const program = await serve(['docs']);
    const session = { session_id: 'a-conversation' };
    await ask(program.url, { ...session, message: 'What is a turn?' });
    const events = await ask(program.url, { ...session, message: 'And how is it stopped?' });
    expect(answerOf(events)).toMatch(/DELETE|stop/);
    expect((await json(`${program.url}/sessions/a-conversation`))['turns']).toHaveLength(2);
  });

  it('stores a turn whose reader left as partial', async () => {
    const program = await serve(['docs'], { CITESTREAM_EXTRACTIVE_TOKENS_PER_SECOND: '5' });
    const controller = new AbortController();
    const response = await fetch(`${program.url}/chat/stream/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ session_id: 'a-reader-who-left', message: 'What is a turn?' }),
      signal: controller.signal,
    });
    const decoder = new TextDecoder();
    let text = '';
    for await (const part of response.body ?? []) {
      text += decoder.decode(part, { stream: true });
      if (text.includes('event: token')) break;
    }
    controller.abort();
    await expect
      .poll(async () => {
        const { turns } = await json(`${program.url}/sessions/a-reader-who-left`);
        return (turns as { status: string }[]).map(({ status }) => status);
      })
      .toEqual(['partial']);
  });

  it('says in one sentence that its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = launch(['serve', '--port', String(port)], { CITESTREAM_DATA_DIR: join(folder, 'port') });
    let output = '';
    child.stderr?.on('data', (part: Buffer) => (output += part.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    taken.close();
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`port ${port}`, 'i'));
    expect(output).not.toMatch(/^\s+at /m);
  });
});
