import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const MINUTES = 60_000;

let folder: string;
let environment: NodeJS.ProcessEnv;

/** The packed tarball, installed in an empty folder, as a user has it. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-package-'));
  environment = { ...process.env, npm_config_loglevel: 'error', NO_COLOR: '1' };
  for (const name of Object.keys(environment)) if (name.startsWith('VITEST')) delete environment[name];
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    env: environment,
  });
  const packed: unknown = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)));
  const tarball = /"filename":\s*"([^"]+)"/.exec(JSON.stringify(packed))?.[1] ?? '';
  writeFileSync(join(folder, 'package.json'), '{"name": "a-user", "private": true, "type": "module"}');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, tarball)], {
    cwd: folder,
    env: environment,
  });
}, 5 * MINUTES);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const citestream = async (...parameters: string[]) =>
  run(process.execPath, [join(folder, 'node_modules/citestream/dist/cli/main.js'), ...parameters], {
    cwd: folder,
    env: environment,
  });

describe('the published package', () => {
  it('has nothing that publint warns of', async () => {
    const { messages } = await publint({ pkgDir: root, strict: true });
    const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  it('is compiled JavaScript with type declarations, without tests or sources', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      env: environment,
    });
    const files = [...stdout.matchAll(/"path":\s*"([^"]+)"/g)].map(([, path = '']) => path);
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/index.js',
        'dist/index.d.ts',
        'dist/cli/main.js',
        'LICENSE',
        'README.md',
      ]),
    );
    expect(files.filter((file) => /\.test\.|^src\/|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  it('asks and answers in an empty folder', async () => {
    mkdirSync(join(folder, 'papers'));
    cpSync(join(root, 'docs/citations.md'), join(folder, 'papers/citations.md'));
    await citestream('ingest', 'papers');
    const { stdout } = await citestream('ask', 'What does the streaming parser drop?', '--json');
    const answer: { sources: { uri: string }[]; citations: unknown[] } = JSON.parse(stdout);
    expect(answer.sources[0]?.uri).toBe('papers/citations.md');
    expect(answer.citations.length).toBeGreaterThan(0);
  });

  it('can be used from TypeScript as it stands', async () => {
    writeFileSync(
      join(folder, 'use.ts'),
      `import { CitationQueryEngine, LanceDBStore, VectorIndexRetriever, ExtractiveLLM } from 'citestream';
       import { ScriptedLLM } from 'citestream/testing';
       const store = await LanceDBStore.open('./data');
       const retriever = new VectorIndexRetriever({ store, similarityTopK: 6 });
       const engine = new CitationQueryEngine({ retriever, llm: new ExtractiveLLM() });
       const { answer }: { answer: string } = await engine.query('What?');
       console.log(answer, typeof ScriptedLLM);\n`,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = [
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2024,esnext',
      '--strict',
      '--noEmit',
    ];
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    await run(process.execPath, [tsc, ...options, ...types, '--skipLibCheck', 'use.ts'], { cwd: folder });
    const { stdout } = await run(process.execPath, ['use.ts'], { cwd: folder, env: environment });
    expect(stdout).toContain('function');
  });
});
