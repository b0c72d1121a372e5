import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

import { globbySync } from 'globby';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

/** From the top down; imports run downward only. `documents` lies below `stores`, since a store keeps chunks. */
const LAYERS = [
  'testing',
  'cli',
  'server',
  '.',
  'chat',
  'citations',
  'evaluation',
  'retrieval',
  'ingest',
  'stores',
  'embeddings',
  'llms',
  'documents',
  'telemetry',
  'config',
  'simulators',
  'errors.ts',
];

/** Implementations of the domain's interfaces: only the wiring may know which there are. */
const PROVIDERS = [
  'lancedb-store.ts',
  'extractive.ts',
  'bedrock-converse.ts',
  'bedrock-invoke.ts',
  'openai-llm.ts',
  'sqlite-history-store.ts',
  'openai-embedder.ts',
  'bedrock-embedder.ts',
  'local-embedder.ts',
];
const WIRING = new Set([
  'create-citestream.ts',
  'create-embedder.ts',
  'create-llm.ts',
  'open-store.ts',
  'index.ts',
]);

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = globbySync('**/*.ts', { cwd: src });
const sources = files.filter((file) => !file.endsWith('.test.ts'));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, path = '']) => ({
    from: file,
    to: relative(src, resolve(src, dirname(file), path)),
  }));
}

function layerOf(file: string): number {
  if (file === 'errors.ts') return LAYERS.indexOf('errors.ts');
  const folder = dirname(file).split('/')[0] ?? '.';
  return LAYERS.indexOf(folder);
}

const imports = sources.flatMap(importsOf);

describe('the architecture', () => {
  it('has no folder that is not in the list of layers, and none deeper than two levels', () => {
    expect(sources.filter((file) => layerOf(file) === -1)).toEqual([]);
    expect(sources.filter((file) => file.split('/').length > 2)).toEqual([]);
  });

  it('imports downward only', () => {
    expect(imports.length).toBeGreaterThan(100);
    const upward = imports.filter(({ from, to }) => layerOf(to) < layerOf(from));
    expect(upward).toEqual([]);
  });

  it('names every import of a file that is there', () => {
    expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
  });

  it('knows a provider only where the parts are wired, in its own folder, and in the published fakes', () => {
    const known = imports.filter(
      ({ from, to }) =>
        PROVIDERS.some((provider) => to.endsWith(`/${provider}`)) &&
        !WIRING.has(from) &&
        dirname(from) !== dirname(to) &&
        !from.startsWith('testing/'),
    );
    expect(known).toEqual([]);
  });

  it('names files in kebab-case and has no drawer for odds and ends', () => {
    expect(sources.filter((file) => !/^(?:[a-z\d-]+\/)?[a-z\d-]+\.ts$/.test(file))).toEqual([]);
    expect(sources.filter((file) => /\b(?:utils?|helpers?|common|core|misc|shared)\b/.test(file))).toEqual(
      [],
    );
  });

  it('says nothing of the machine it was made on', () => {
    const tracked = globbySync(['**', '.ci/**', '.npmrc'], {
      cwd: root,
      gitignore: true,
      dot: true,
      ignore: ['.git/**'],
    });
    const names = [`${root}/`, 'registry.npmjs'];
    const telling = tracked.filter((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return names.some((name) => text.includes(name)) && file !== 'test/architecture.test.ts';
    });
    expect(telling).toEqual([]);
  });
});
