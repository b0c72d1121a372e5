import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { COMMANDS, COMMON_SETTINGS } from '../src/cli/commands.ts';
import { loadConfiguration } from '../src/config/load-configuration.ts';
import { SETTINGS } from '../src/config/settings.ts';
import { createCitestream } from '../src/create-citestream.ts';
import { ERROR_TABLE } from '../src/errors.ts';
import { createHttpServer } from '../src/server/http-server.ts';
import { anchorsOf, column, files, isJson, pages, read, root, snippets, tableUnder } from './guides.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-docs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the guides', () => {
  it('link to files and headings that are there', () => {
    const broken = pages.flatMap(({ file, nodes }) =>
      nodes.flatMap((node) => {
        if (node.type !== 'link' || /^[a-z]+:/.test(node.url)) return [];
        const [path = '', anchor] = node.url.split('#');
        const target = path === '' ? file : relative(root, resolve(root, dirname(file), path));
        const page = pages.find((candidate) => candidate.file === target);
        const isThere =
          existsSync(join(root, target)) &&
          (anchor === undefined || (page !== undefined && anchorsOf(page.nodes).has(anchor)));
        return isThere ? [] : [`${file}: ${node.url}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('are all linked from the README', () => {
    const readme = read('README.md');
    expect(files.filter((file) => file !== 'README.md' && !readme.includes(`](${file})`))).toEqual([]);
  });

  it('give every error code with its status, exit code and whether to retry, and no other', () => {
    const documented = tableUnder('docs/http-api.md', 'Error codes').map((cells) => cells.slice(0, 4));
    const actual = Object.entries(ERROR_TABLE).map(([code, { status, exitCode, retryable }]) => [
      code,
      String(status),
      String(exitCode),
      retryable ? 'yes' : 'no',
    ]);
    const rows = (table: readonly string[][]): string[] => table.map((cells) => cells.join(' ')).sort();
    expect(rows(documented)).toEqual(rows(actual));
  });

  it('describe every command, and no other', () => {
    const guide = 'docs/command-line.md';
    const names = COMMANDS.map(({ name }) => name).sort();
    const listed = column(tableUnder(guide, 'Commands')).map((cell) => cell.split(' ')[1] ?? '');
    const headings = [...read(guide).matchAll(/^## citestream (\w+)$/gm)].map(([, name = '']) => name);
    expect(listed.sort()).toEqual(names);
    expect(headings.sort()).toEqual(names);
  });

  it.each([
    ['dependencies', 'Dependencies'],
    ['devDependencies', 'Development dependencies'],
  ] as const)('give the reason and the licence of all %s, and of no other', (key, heading) => {
    const manifest = JSON.parse(read('package.json')) as Record<typeof key, Record<string, string>>;
    const rows = tableUnder('docs/architecture.md', heading);
    expect(column(rows)).toEqual(Object.keys(manifest[key]).sort());
    const licences = column(rows).map(
      (name) => (JSON.parse(read(`node_modules/${name}/package.json`)) as { license: string }).license,
    );
    expect(column(rows, 2)).toEqual(licences);
    expect(column(rows, 1).filter((reason) => reason === '')).toEqual([]);
  });

  it('give the rough size of every dependency', () => {
    const wrong = tableUnder('docs/architecture.md', 'Dependencies').flatMap(([name = '', , , text = '']) => {
      const megabytes = folderBytes(join(root, 'node_modules', name)) / 1e6;
      const told = text.startsWith('under 0.1 MB') ? 0.05 : Number.parseFloat(text);
      const isNear = Math.abs(told - megabytes) <= Math.max(0.1, megabytes / 4);
      return isNear ? [] : [`${name}: ${megabytes.toFixed(2)} MB, not ${text}`];
    });
    expect(wrong).toEqual([]);
  });

  it('hold the sentences that the sample questions expect', () => {
    const questions = JSON.parse(read('test/questions.json')) as {
      question: string;
      document: string | null;
      expected: string | null;
    }[];
    const missing = questions.filter(
      ({ document, expected }) => document !== null && !read(document).includes(expected ?? ''),
    );
    expect(questions.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });

  it('list every route of the server, and no other', async () => {
    const { configuration } = loadConfiguration({
      settings: { dataDir: join(folder, 'data') },
      directory: folder,
    });
    await using citestream = await createCitestream(configuration);
    await using server = createHttpServer(citestream);
    const response = await server.app.inject('/openapi.json');
    const { paths } = response.json<{ paths: Record<string, Record<string, unknown>> }>();
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(column(tableUnder('docs/http-api.md', 'Routes')).sort()).toEqual(served.sort());
  });

  it('name settings and environment variables that there are', () => {
    const keys = SETTINGS.map(({ key }) => key);
    const groups = new Set(keys.filter((key) => key.includes('.')).map((key) => key.split('.')[0]));
    const variables = new Set([
      ...SETTINGS.map(({ environmentName }) => environmentName),
      'CITESTREAM_CONFIG',
      'CITESTREAM_DEBUG',
    ]);
    const unknown = pages.flatMap(({ file, text }) =>
      [
        ...[...text.matchAll(/`([a-z]+)\.([a-zA-Z]+)`/g)]
          .filter(([, group = '']) => groups.has(group))
          .map(([, group = '', name = '']) => `${group}.${name}`)
          .filter((key) => !keys.includes(key) && key !== 'ingest.lock'),
        ...[...text.matchAll(/\bCITESTREAM_[A-Z_]*[A-Z]\b/g)]
          .map(([name]) => name)
          .filter((name) => !variables.has(name)),
      ].map((name) => `${file}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('show command lines whose commands and flags there are', () => {
    const always = ['--config', '--debug', '--help'];
    const lines = snippets
      .filter(({ lang }) => lang === 'sh')
      .flatMap(({ file, value }) => value.split('\n').map((line) => ({ file, line })));
    const wrong = lines.flatMap(({ file, line }) => {
      const [, name, rest = ''] = /\bcitestream (\w+)\b(.*)/.exec(line) ?? [];
      if (name === undefined) return [];
      const command = COMMANDS.find((candidate) => candidate.name === name);
      const settings = new Set([...(command?.settings ?? []), ...COMMON_SETTINGS]);
      const known = new Set([
        ...always,
        ...SETTINGS.filter(({ key }) => settings.has(key)).map(({ flag }) => flag),
        ...(command?.options ?? []).map(({ usage }) => usage.split(' ')[0]),
      ]);
      const flags = rest.match(/(?<=\s)--[a-z-]+/g) ?? [];
      return command === undefined || flags.some((flag) => !known.has(flag)) ? [`${file}: ${line}`] : [];
    });
    expect(lines.filter(({ line }) => line.includes('citestream ')).length).toBeGreaterThan(10);
    expect(wrong).toEqual([]);
  });

  it('name flags and scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    // A flag of the benchmarks, one of a command that is said to come later, and one of npm.
    const others = ['--quick', '--cpu-bound', '--'];
    const flags = new Set([
      '--config',
      '--debug',
      '--help',
      ...others,
      ...SETTINGS.map(({ flag }) => flag),
      ...COMMANDS.flatMap(({ options = [] }) => options.map(({ usage }) => usage.split(' ')[0])),
    ]);
    const unknown = pages.flatMap(({ file, text, nodes }) => [
      ...nodes
        .flatMap((node) => (node.type === 'inlineCode' ? [node.value] : []))
        .flatMap((value) => value.match(/(?<=^|\s)--[a-z-]*/g) ?? [])
        .filter((flag) => !flags.has(flag))
        .map((flag) => `${file}: ${flag}`),
      ...[...text.matchAll(/npm run ([a-z:]+)/g)]
        .filter(([, name = '']) => scripts[name] === undefined)
        .map(([command]) => `${file}: ${command}`),
    ]);
    expect(unknown).toEqual([]);
  });

  it('show JSON that is JSON, and shell that is shell', () => {
    const bad = snippets.flatMap(({ file, lang, value }) => {
      const isFine =
        lang === 'json'
          ? isJson(value)
          : lang !== 'sh' || spawnSync('bash', ['-n'], { input: value }).status === 0;
      return isFine ? [] : [`${file}: ${value}`];
    });
    expect(snippets.filter(({ lang }) => lang === 'json').length).toBeGreaterThan(3);
    expect(bad).toEqual([]);
  });

  it('show TypeScript that compiles against the library', () => {
    const programs = ['README.md', 'docs/library.md'];
    for (const file of programs) {
      const parts = snippets.filter((snippet) => snippet.file === file && snippet.lang === 'ts');
      expect(parts.length).toBeGreaterThan(0);
      const text = parts.map(({ value }) => value).join('\n\n');
      writeFileSync(join(folder, `${file.replaceAll(/\W/g, '-')}.mts`), `${text}\n\nexport {};\n`);
    }
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const configuration = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        noUnusedLocals: false,
        paths: {
          citestream: [join(root, 'src/index.ts')],
          'citestream/testing': [join(root, 'src/testing/index.ts')],
        },
      },
      include: ['*.mts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    // What is wrong in the sources themselves is for the type check to say.
    expect(stdout.split('\n').filter((line) => line.includes('.mts('))).toEqual([]);
  });
});

function folderBytes(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(folder, 'node_modules')))
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
