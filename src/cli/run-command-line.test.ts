import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from './commands.ts';
import { settingsOf } from './program.ts';
import { runCommandLine } from './run-command-line.ts';
import { openTerminal } from './terminal.ts';

let directory = '';
beforeAll(() => (directory = mkdtempSync(path.join(tmpdir(), 'citestream-cli-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function run(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const exitCode = await runCommandLine({
    words,
    environment,
    context: {
      stdin: process.stdin,
      stdout: openTerminal(streams.stdout, environment),
      stderr: openTerminal(streams.stderr, environment),
      directory,
      signal: new AbortController().signal,
    },
  });
  const textOf = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? '';
  return { exitCode, stdout: textOf(streams.stdout), stderr: textOf(streams.stderr) };
}

describe('help', () => {
  it('lists every command, on standard output', async () => {
    const { exitCode, stdout, stderr } = await run(['--help']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const { name, summary } of COMMANDS) expect(stdout).toMatch(new RegExp(`${name} .*${summary}`));
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    'of %s shows its flags and examples',
    async (name, command) => {
      for (const words of [
        [name, '--help'],
        ['help', name],
      ]) {
        const { exitCode, stdout } = await run(words);
        expect(exitCode).toBe(0);
        for (const { flag } of settingsOf(command)) expect(stdout).toContain(flag);
        for (const [line] of command.examples) expect(stdout).toContain(line);
      }
    },
  );

  it('is shown as an error where nothing was typed', async () => {
    const { exitCode, stdout, stderr } = await run([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Usage: citestream');
  });

  it('has colour where it is asked for alone', async () => {
    expect((await run(['--help'])).stdout).not.toContain('\u001B');
    expect((await run(['--help'], { FORCE_COLOR: '1' })).stdout).toContain('\u001B[1m');
  });
});

describe('wrong usage', () => {
  it.each([
    [['srve'], "citestream: unknown command 'srve'; did you mean serve? See citestream --help.\n"],
    [
      ['serve', '--prot', '1'],
      "citestream: unknown option '--prot'; did you mean --port? See citestream serve --help.\n",
    ],
    [['ingest'], "citestream: missing required argument 'paths'. See citestream ingest --help.\n"],
    [['config', 'x'], /^citestream: too many arguments .* See citestream config --help\.\n$/],
    [['config', '--port', 'abc'], 'citestream: --port is "abc"; it must be an integer from 0 to 65535.\n'],
    [['ask', 'x', '--filter', 'year'], /^citestream: --filter is "year"; it must be key=value/],
    [['ask', ' '], /^citestream: The question is empty/],
    [
      ['config', '--config', 'none.json'],
      /^citestream: The configuration file .*none\.json does not exist\.\n$/,
    ],
    [['eval'], /^citestream: eval needs a test collection/],
  ])('is one sentence and exit code 2: %j', async (words, message) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    if (typeof message === 'string') expect(stderr).toBe(message);
    else expect(stderr).toMatch(message);
  });

  it('of the environment is told like that of flags', async () => {
    const { exitCode, stderr } = await run(['config'], { CITESTREAM_PROT: '1' });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('did you mean CITESTREAM_PORT?');
  });

  it.each([['--mode', 'sync']])('is %s %s where this version does not have it', async (flag, value) => {
    const { exitCode, stderr } = await run(['serve', flag, value]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^citestream: The .* does not come with this version\. Leave \w+ out, or set it to [\w:]+\.\n$/,
    );
  });
});

describe('config', () => {
  it('shows every setting with its origin', async () => {
    const { exitCode, stdout } = await run(['config', '--port', '9000'], { CITESTREAM_LLM: 'extractive' });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^port +9000 +--port$/m);
    expect(stdout).toMatch(/^llm +extractive +CITESTREAM_LLM$/m);
    expect(stdout).toMatch(/^host +127\.0\.0\.1 +default$/m);
  });

  it('masks secrets, also as JSON', async () => {
    const environment = { CITESTREAM_SERVER_API_KEYS: 'my-key' };
    const plain = await run(['config'], environment);
    const json = await run(['config', '--json'], environment);
    expect(plain.stdout + json.stdout).not.toContain('my-key');
    expect(JSON.parse(json.stdout)).toMatchObject({
      configuration: { server: { apiKeys: ['********'] } },
      origins: { 'server.apiKeys': { from: 'environment', name: 'CITESTREAM_SERVER_API_KEYS' } },
      file: null,
    });
  });
});
