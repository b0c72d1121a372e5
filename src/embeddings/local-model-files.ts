import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ReadModelFile } from './local-model-config.ts';

/** Where a model's files are, and where they come from if they are not there; without `remoteRoot` from nowhere. */
export interface ModelPlace {
  readonly folder: string;
  /** With a slash at its end, as in `https://huggingface.co/Xenova/all-MiniLM-L6-v2/resolve/main/`. */
  readonly remoteRoot?: string | undefined;
}

const FETCH_TIMEOUT_MS = 30_000;

/**
 * Reads the small files beside a model. Of a model that is on the disk already, nothing is fetched any more: with and
 * without a network, it is then used in the same way.
 */
export function modelFileReader({ folder, remoteRoot }: ModelPlace): ReadModelFile {
  const isComplete = remoteRoot === undefined || existsSync(join(folder, 'config.json'));
  return async (path) => {
    const file = join(folder, path);
    if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as unknown;
    if (isComplete || remoteRoot === undefined) return undefined;
    const text = await fetchText(new URL(path, remoteRoot));
    if (text === undefined) return undefined;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return JSON.parse(text) as unknown;
  };
}

async function fetchText(url: URL): Promise<string | undefined> {
  const token = process.env['HF_TOKEN'];
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${url.href} answered with status ${response.status}`);
  return response.text();
}
