import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { describeEmbedder } from '../testing/embedder-contract.ts';
import { LocalEmbedder, type LoadProgress } from './local-embedder.ts';

/** No model and no transformers.js are here: a module of a few lines stands in its place, on real threads. */
const LIBRARY = `
import { appendFileSync, existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { threadId, isMainThread } from 'node:worker_threads';
const log = (entry) => appendFileSync(process.env.FAKE_LOG, JSON.stringify(entry) + '\\n');
export const env = { remoteHost: process.env.FAKE_HOST ?? 'http://127.0.0.1:9/' };
export async function pipeline(task, model, { progress_callback, ...options }) {
  log({ loaded: model, task, options, env: { ...env }, threadId, isMainThread });
  if (model.endsWith('absent')) throw new Error('Could not locate file: "https://hub/absent/onnx/model_quantized.onnx".');
  progress_callback({ status: 'initiate', file: 'onnx/model_quantized.onnx' });
  progress_callback({ status: 'progress', file: 'onnx/model_quantized.onnx', loaded: 50, total: 200 });
  progress_callback({ status: 'progress', file: 'onnx/model_quantized.onnx', loaded: 200, total: 200 });
  return async (texts, options) => {
    log({ texts, options, threadId });
    if (texts.includes('crash')) process.exit(7);
    if (texts.includes('fail')) throw new Error('Non-zero status code returned.');
    const data = new Float32Array(texts.length * 32);
    for (const [row, text] of texts.entries())
      for (const word of text.toLowerCase().match(/[\\p{L}\\p{N}]+/gu) ?? [])
        data[row * 32 + createHash('sha256').update(word).digest()[0] % 32] += 1;
    return { dims: [texts.length, 32], data };
  };
}`;

let folder: string;
let library: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-local-'));
  library = pathToFileURL(join(folder, 'library.mjs')).href;
  writeFileSync(join(folder, 'library.mjs'), LIBRARY);
  process.env['FAKE_LOG'] = join(folder, 'log');
  writeFileSync(join(folder, 'log'), '');
});
afterEach(() => {
  delete process.env['FAKE_LOG'];
  delete process.env['FAKE_HOST'];
  rmSync(folder, { recursive: true, force: true });
});

/** A folder with the model in it, as somebody without a network has it. */
function modelsDir(model: string, files: Readonly<Record<string, unknown>> = {}): string {
  const directory = join(folder, 'models');
  for (const [path, content] of Object.entries({ 'config.json': {}, ...files })) {
    const file = join(directory, model, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, JSON.stringify(content));
  }
  return directory;
}

const logged = (): Record<string, unknown>[] =>
  readFileSync(join(folder, 'log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describeEmbedder('LocalEmbedder', async () =>
  LocalEmbedder.open({ model: 'Xenova/small', modelsDir: modelsDir('Xenova/small'), library }),
);

describe('LocalEmbedder', () => {
  it('loads the quantised model on a thread, from the folder alone', async () => {
    const directory = modelsDir('small');
    await using embedder = await LocalEmbedder.open({ model: 'small', modelsDir: directory, library });
    expect(embedder).toMatchObject({ name: 'local:small', dimension: 32 });
    expect(logged()[0]).toMatchObject({
      loaded: 'small',
      task: 'feature-extraction',
      options: { dtype: 'q8', device: 'cpu' },
      env: { allowRemoteModels: false, allowLocalModels: true, localModelPath: directory },
      isMainThread: false,
    });
  });

  it('pools, normalises and prefixes as the model asks', async () => {
    const directory = modelsDir('bge-mine', {
      'modules.json': [{ path: '1_Pooling', type: 'sentence_transformers.models.Pooling' }],
      '1_Pooling/config.json': { pooling_mode_mean_tokens: true },
    });
    await using embedder = await LocalEmbedder.open({ model: 'bge-mine', modelsDir: directory, library });
    await embedder.embedDocuments(['stored']);
    await embedder.embedQuery('asked');
    const [, , document, query] = logged();
    expect(document).toMatchObject({ texts: ['stored'], options: { pooling: 'mean', normalize: false } });
    expect(query).toMatchObject({
      texts: ['Represent this sentence for searching relevant passages: asked'],
    });
  });

  it('gives a model that takes the last token one text at a time', async () => {
    const directory = modelsDir('qwen3-embedding');
    await using embedder = await LocalEmbedder.open({
      model: 'qwen3-embedding',
      modelsDir: directory,
      library,
    });
    expect(await embedder.embedDocuments(['one', 'two'])).toHaveLength(2);
    expect(
      logged()
        .slice(2)
        .map(({ texts }) => texts),
    ).toEqual([['one'], ['two']]);
  });

  it('tells how far a download is', async () => {
    const seen: LoadProgress[] = [];
    await using _ = await LocalEmbedder.open({
      model: 'small',
      modelsDir: modelsDir('small'),
      library,
      onProgress: (progress) => seen.push(progress),
    });
    await expect.poll(() => seen.length).toBe(2);
    expect(seen.at(-1)).toEqual({ file: 'onnx/model_quantized.onnx', loadedBytes: 200, totalBytes: 200 });
  });

  it('reads beside a model how it is used, once, when the model is downloaded', async () => {
    const asked: string[] = [];
    const hub = createServer((request, response) => {
      asked.push(request.url ?? '');
      const isPrompts = request.url?.endsWith('config_sentence_transformers.json');
      response.writeHead(isPrompts ? 200 : 404).end(JSON.stringify({ prompts: { query: 'find: ' } }));
    });
    hub.listen(0, '127.0.0.1');
    await once(hub, 'listening');
    process.env['FAKE_HOST'] = `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`;
    const cacheDir = join(folder, 'cache');
    try {
      const open = async () => LocalEmbedder.open({ model: 'small', cacheDir, library });
      await using first = await open();
      await first.embedQuery('tea');
      expect(logged().at(-1)).toMatchObject({ texts: ['find: tea'] });
      expect(asked).toEqual([
        '/Xenova/small/resolve/main/modules.json',
        '/Xenova/small/resolve/main/config_sentence_transformers.json',
      ]);
      // What a download leaves behind.
      writeFileSync(join(cacheDir, 'Xenova/small/config.json'), '{}');
      await using again = await open();
      await again.embedQuery('tea');
      expect(logged().at(-1)).toMatchObject({ texts: ['find: tea'] });
      expect(asked).toHaveLength(2);
    } finally {
      hub.close();
      hub.closeAllConnections();
    }
  });

  it('computes on as many threads as it is told to', async () => {
    await using embedder = await LocalEmbedder.open({
      model: 'small',
      modelsDir: modelsDir('small'),
      library,
      threads: 2,
    });
    expect(embedder.maxParallel).toBe(2);
    await Promise.all(Array.from({ length: 20 }, async (_, at) => embedder.embedQuery(`text ${at}`)));
    const threads = new Set(logged().map(({ threadId }) => threadId));
    expect(threads.size).toBe(2);
  });

  it('says what the model said when it fails, and goes on', async () => {
    await using embedder = await LocalEmbedder.open({
      model: 'small',
      modelsDir: modelsDir('small'),
      library,
    });
    await expect(embedder.embedQuery('fail')).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: 'The model small fails: Non-zero status code returned.',
    });
    expect(await embedder.embedQuery('tea')).toHaveLength(32);
  });

  it('starts another thread where one has crashed', async () => {
    await using embedder = await LocalEmbedder.open({
      model: 'small',
      modelsDir: modelsDir('small'),
      library,
    });
    await expect(embedder.embedQuery('crash')).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' });
    expect(await embedder.embedQuery('tea')).toHaveLength(32);
  });
});

const isInstalled = (() => {
  try {
    createRequire(import.meta.url).resolve('@huggingface/transformers');
    return true;
  } catch {
    return false;
  }
})();

describe('what is missing is said with what to do:', () => {
  it.skipIf(isInstalled)('the package', async () => {
    const opening = LocalEmbedder.open({ model: 'small', modelsDir: modelsDir('small') });
    await expect(opening).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringMatching(
        /needs the package @huggingface\/transformers, .* npm install @huggingface\/transformers$/,
      ) as string,
    });
  });

  it('a model that is not in the folder', async () => {
    const directory = modelsDir('other');
    await expect(LocalEmbedder.open({ model: 'small', modelsDir: directory, library })).rejects.toMatchObject(
      {
        code: 'MODEL_NOT_FOUND',
        message: expect.stringContaining(`onnx/model_quantized.onnx into ${directory}/small`) as string,
      },
    );
  });

  it('a model that the hub does not have', async () => {
    const directory = modelsDir('absent');
    await expect(
      LocalEmbedder.open({ model: 'Xenova/absent', cacheDir: join(folder, 'cache'), library }),
    ).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await expect(
      LocalEmbedder.open({ model: 'absent', modelsDir: directory, library }),
    ).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('has no ONNX model absent') as string,
    });
  });

  it('a network', async () => {
    await expect(
      LocalEmbedder.open({ model: 'small', cacheDir: join(folder, 'cache'), library }),
    ).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringContaining('--models-dir') as string,
    });
  });
});
