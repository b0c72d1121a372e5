import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from './run-command-line.ts';
import { openTerminal } from './terminal.ts';

let directory = '';
beforeAll(() => (directory = mkdtempSync(path.join(tmpdir(), 'citestream-simulate-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Starts a command line that ends when it is interrupted. */
function start(...words: readonly string[]) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].on('data', (part) => (text[name] += String(part)));
  }
  const controller = new AbortController();
  const exitCode = runCommandLine({
    words: ['simulate', ...words],
    environment: {},
    context: {
      stdin: process.stdin,
      stdout: openTerminal(streams.stdout, {}),
      stderr: openTerminal(streams.stderr, {}),
      directory,
      signal: controller.signal,
    },
  });
  return { text, exitCode, interrupt: () => controller.abort() };
}

function exported(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/export (\w+)=(.*)/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

async function ask(environment: Record<string, string>) {
  const client = new BedrockRuntimeClient({
    endpoint: environment['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    maxAttempts: 1,
  });
  try {
    const messages = [{ role: 'user' as const, content: [{ text: 'Hello' }] }];
    const { output } = await client.send(new ConverseCommand({ modelId: 'x', messages }));
    return output?.message?.content?.[0]?.text;
  } finally {
    client.destroy();
  }
}

describe('citestream simulate bedrock', () => {
  it('prints the environment that makes clients talk to it, orders faults, and ends with its counts', async () => {
    writeFileSync(path.join(directory, 'answers.json'), JSON.stringify(['First [1].', 'Second [2].']));
    const flags = ['--first-token-ms', '0', '--tokens-per-second', '0', '--answers', 'answers.json'];
    const run = start('bedrock', '--port', '0', ...flags, '--fault', 'throttle:times=1');
    await vi.waitFor(() => expect(run.text.stdout).toContain('Ctrl-C'));
    const environment = exported(run.text.stdout);
    await expect(ask(environment)).rejects.toThrow('Too many requests');
    expect(await ask(environment)).toBe('First [1].');
    expect(await ask(environment)).toBe('Second [2].');
    run.interrupt();
    expect(await run.exitCode).toBe(0);
    const counts = JSON.parse(run.text.stdout.trim().split('\n').at(-1) ?? '') as object;
    expect(counts).toMatchObject({ requested: 3, refused: 1, completed: 2, open_now: 0 });
  });

  it.each([
    [['bedrock', '--fault', 'nonsense'], /"nonsense" is unknown; there are throttle/],
    [['bedrock', '--fault', 'throttle:rate=7'], /rate/],
    [['bedrock', '--port', 'x'], /--port is "x"/],
    [['bedrock', '--jitter', '3'], /jitter/],
    [['bedrock', '--answers', 'nowhere.txt'], /nowhere\.txt cannot be read/],
    [['dynamodb'], /no simulator "dynamodb"; there are bedrock and qdrant/],
  ])('refuses what it does not understand with exit code 2: %j', async (words, sentence) => {
    const run = start(...words);
    expect(await run.exitCode).toBe(2);
    expect(run.text.stderr).toMatch(sentence);
  });

  it('says that its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const run = start('bedrock', '--port', String(port));
    expect(await run.exitCode).toBe(1);
    expect(run.text.stderr).toContain('--port');
    server.close();
  });
});

it('citestream simulate qdrant says where it is and ends with its counts', async () => {
  const run = start('qdrant', '--port', '0', '--fault', 'status:status=503,times=1');
  await vi.waitFor(() => expect(run.text.stdout).toContain('Ctrl-C'));
  const [address = ''] = /http:\/\/[\d.:]+/.exec(run.text.stdout) ?? [];
  expect((await fetch(`${address}/collections`)).status).toBe(503);
  expect((await fetch(`${address}/collections`)).status).toBe(200);
  run.interrupt();
  expect(await run.exitCode).toBe(0);
  expect(run.text.stdout).toContain('"requests":2');
});
