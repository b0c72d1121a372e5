import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfiguration, type ConfigurationSources } from './load-configuration.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'citestream-config-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function writeFile(settings: unknown, name = 'citestream.config.json'): string {
  const file = path.join(directory, name);
  writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings));
  return file;
}

const load = (sources: ConfigurationSources = {}) => loadConfiguration({ directory, ...sources });

describe('precedence', () => {
  it('has a default for every setting that needs one', () => {
    const { configuration, origins, file } = load();
    expect(configuration).toMatchObject({
      dataDir: path.join(directory, '.citestream'),
      host: '127.0.0.1',
      port: 8000,
      llm: 'extractive',
      store: `lancedb:${path.join(directory, '.citestream', 'lancedb')}`,
      retrieval: { topK: 6, mode: 'sparse' },
      citation: { chunkSize: 512, chunkOverlap: 20 },
      ingest: { maxFileBytes: 100_000_000 },
      server: { apiKeys: [] },
    });
    expect(configuration.ingest.threads).toBeGreaterThanOrEqual(1);
    expect(new Set(Object.values(origins).map((origin) => origin.from))).toEqual(new Set(['default']));
    expect(file).toBeUndefined();
  });

  it('takes flags over the environment over the file over defaults, setting by setting', () => {
    writeFile({ port: 1, retrieval: { topK: 1, timeoutMs: 1 }, log: { level: 'warn' } });
    const { configuration, origins } = load({
      environment: { CITESTREAM_PORT: '2', CITESTREAM_RETRIEVAL_TOP_K: '2', PATH: '/bin' },
      flags: { port: '3' },
    });
    expect(configuration.port).toBe(3);
    expect(configuration.retrieval).toEqual({ topK: 2, timeoutMs: 1, mode: 'sparse' });
    expect(origins).toMatchObject({
      port: { from: 'flag', name: '--port' },
      'retrieval.topK': { from: 'environment', name: 'CITESTREAM_RETRIEVAL_TOP_K' },
      'retrieval.timeoutMs': { from: 'file', name: 'citestream.config.json' },
      host: { from: 'default' },
    });
  });

  it('takes what a program gives over everything', () => {
    const { configuration, origins } = load({ flags: { port: '3' }, settings: { port: 4 } });
    expect(configuration.port).toBe(4);
    expect(origins['port']).toEqual({ from: 'code' });
  });

  it('treats an empty variable as one that is not set', () => {
    expect(load({ environment: { CITESTREAM_PORT: '', CITESTREAM_LLM: ' ' } }).configuration).toMatchObject({
      port: 8000,
      llm: 'extractive',
    });
  });

  it('reads sizes and lists from text', () => {
    const { configuration } = load({
      environment: {
        CITESTREAM_INGEST_MAX_FILE_BYTES: '1.5GiB',
        CITESTREAM_SERVER_API_KEYS: 'first, second,',
      },
      flags: { 'ingest.exclude': ['drafts/', '*.log'] },
      settings: { server: { maxUploadBytes: '2 MB' } },
    });
    expect(configuration.ingest).toMatchObject({
      maxFileBytes: 1_610_612_736,
      exclude: ['drafts/', '*.log'],
    });
    expect(configuration.server).toMatchObject({ maxUploadBytes: 2_000_000, apiKeys: ['first', 'second'] });
  });

  it('searches by words and vectors where the embedder makes vectors', () => {
    expect(load({ settings: { embedder: 'local:some-model' } }).configuration.retrieval.mode).toBe('hybrid');
  });
});

describe('the file', () => {
  it('is found by its path, by CITESTREAM_CONFIG, and with a byte order mark', () => {
    writeFile({ port: 1 }, 'one.json');
    const two = writeFile('\uFEFF{"port": 2}', 'two.json');
    expect(load({ configFile: 'one.json' }).configuration.port).toBe(1);
    expect(load({ environment: { CITESTREAM_CONFIG: two } })).toMatchObject({
      configuration: { port: 2 },
      file: two,
    });
  });

  it('names folders relative to itself, flags to the directory', () => {
    mkdirSync(path.join(directory, 'etc'));
    writeFile({ dataDir: 'data', store: 'lancedb:index' }, 'etc/file.json');
    expect(load({ configFile: 'etc/file.json' }).configuration).toMatchObject({
      dataDir: path.join(directory, 'etc', 'data'),
      store: `lancedb:${path.join(directory, 'etc', 'index')}`,
    });
    expect(load({ configFile: 'etc/file.json', flags: { dataDir: 'here' } }).configuration.dataDir).toBe(
      path.join(directory, 'here'),
    );
  });

  it('is refused where it is missing, no JSON, or no object', () => {
    expect(() => load({ configFile: 'none.json' })).toThrow('none.json does not exist.');
    writeFile('{"port": 80');
    expect(() => load()).toThrow('is not valid JSON');
    writeFile([]);
    expect(() => load()).toThrow('citestream.config.json is []; it must be an object.');
  });
});

describe('refusals', () => {
  it.each<[ConfigurationSources, string]>([
    [{ flags: { port: 'abc' } }, '--port is "abc"; it must be an integer from 0 to 65535.'],
    [
      { environment: { CITESTREAM_PORT: '70000' } },
      'CITESTREAM_PORT is 70000; it must be an integer from 0 to 65535.',
    ],
    [{ settings: { retrieval: { topK: 0 } } }, 'retrieval.topK is 0; it must be an integer from 1 to 100.'],
    [{ flags: { llm: 'gpt' } }, '--llm is "gpt"; it must be extractive, bedrock-converse:MODEL'],
    [
      { environment: { CITESTREAM_LOG_LEVEL: 'loud' } },
      'it must be trace, debug, info, warn, error, fatal or silent.',
    ],
    [
      { flags: { 'chunk.overlap': '512' } },
      '--chunk-overlap is 512; it must be smaller than chunk.size, which is 512.',
    ],
    [
      { flags: { 'chunk.size': '16' } },
      'The default of chunk.overlap is 20; it must be smaller than chunk.size, which is 16.',
    ],
    [{ settings: { retrieval: { mode: 'hybrid' } } }, 'the embedder bm25 makes no vectors'],
    [
      { environment: { CITESTREAM_POTR: '1' } },
      'no setting CITESTREAM_POTR for the environment; did you mean CITESTREAM_PORT?',
    ],
    [{ environment: { CITESTREAM_INGEST_MAX_FILE_BYTES: 'many' } }, 'as in 100MB or 2GiB'],
  ])('names the source, the value and what is accepted: %j', (sources, message) => {
    expect(() => load(sources)).toThrow(message);
    expect(() => load(sources)).toThrow(expect.objectContaining({ code: 'CONFIGURATION', exitCode: 2 }));
  });

  it.each<[unknown, string]>([
    [{ port: '8000' }, 'citestream.config.json: port is "8000"; it must be an integer from 0 to 65535.'],
    [{ retrieval: { topk: 1 } }, 'there is no setting retrieval.topk; did you mean retrieval.topK?'],
    [{ topK: 1 }, 'there is no setting topK; did you mean retrieval.topK?'],
    [{ retrieval: null }, 'citestream.config.json: retrieval is null; it must be an object.'],
    [{ server: { allowedOrigins: ['example.org'] } }, 'server.allowedOrigins is ["example.org"]; it must be'],
  ])('names the file and the setting: %j', (settings, message) => {
    writeFile(settings);
    expect(() => load()).toThrow(message);
  });

  it('refuses names that every object has', () => {
    writeFile('{"__proto__": {"port": 1}, "constructor": 1}');
    expect(() => load()).toThrow('there is no setting __proto__');
  });

  it('tells every wrong setting at once, a line each', () => {
    writeFile({ port: -1, retrieval: { topK: 'six' } });
    expect(() => load({ flags: { mode: 'fast' } })).toThrow(
      [
        'citestream.config.json: port is -1; it must be an integer from 0 to 65535.',
        '--mode is "fast"; it must be async, hybrid, sync or sequential.',
        'citestream.config.json: retrieval.topK is "six"; it must be an integer from 1 to 100.',
      ].join('\n'),
    );
  });

  it('never shows a secret', () => {
    writeFile({ server: { apiKeys: ['a secret'] } });
    expect(() => load()).toThrow(/^(?!.*a secret)/s);
    expect(() => load()).toThrow('citestream.config.json: server.apiKeys is ["********"]');
  });
});
