import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DocumentRecord } from '../documents/document.ts';
import { locateSource } from './source-location.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'citestream-location-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const record = (source: string, mediaType = 'text/markdown'): DocumentRecord => ({
  id: 'd',
  source,
  uri: 'docs/guide.md',
  title: 'Guide',
  mediaType,
  bytes: 1,
  contentHash: 'h',
  metadata: {},
  chunks: 1,
  ingestedAt: '2026-01-01T00:00:00.000Z',
});

function write(name: string, content: string): string {
  const file = path.join(directory, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const GUIDE = '# Guide\n\nFirst.\n\n## Setup\n\nInstall it.\n';

describe('locateSource', () => {
  it('names the file relative to the working directory, with the line the passage begins at', async () => {
    const file = write('docs/guide.md', GUIDE);
    const start = GUIDE.indexOf('## Setup');
    expect(
      await locateSource({ start, text: '## Setup\n\nInstall it.' }, { record: record(file), directory }),
    ).toEqual({
      text: path.join('docs', 'guide.md:5'),
      url: pathToFileURL(file).href,
    });
    const blank = { start: start - 1, text: '\n## Setup' };
    expect((await locateSource(blank, { record: record(file), directory }))?.text).toMatch(/:5$/);
  });

  it('finds a passage that has moved, and gives no line for one that is gone', async () => {
    const file = write('docs/guide.md', `New first line.\n${GUIDE}`);
    const at = { record: record(file), directory };
    expect((await locateSource({ start: 0, text: '# Guide' }, at))?.text).toMatch(/guide\.md:2$/);
    expect((await locateSource({ start: 0, text: 'Gone.' }, at))?.text).toMatch(/guide\.md$/);
  });

  it('gives no line for formats whose text is not the file', async () => {
    const file = write('paper.pdf', 'First.');
    const at = { record: record(file, 'application/pdf'), directory };
    expect(await locateSource({ start: 0, text: 'First.' }, at)).toMatchObject({ text: 'paper.pdf' });
  });

  it.each(['doc-7', 'a#b'])(
    'names the file of a line of JSON Lines, and the id of the line: %s',
    async (id) => {
      const file = write('corpus.jsonl', '{}');
      const at = { record: record(`${file}#${id}`, 'application/jsonl'), directory };
      expect(await locateSource({ start: 0, text: 'x' }, at)).toEqual({
        text: `corpus.jsonl#${id}`,
        url: pathToFileURL(file).href,
      });
    },
  );

  it('names a file that has a # in its name', async () => {
    const file = write('c#.md', GUIDE);
    expect(
      await locateSource({ start: 0, text: '# Guide' }, { record: record(file), directory }),
    ).toMatchObject({ text: 'c#.md:1' });
  });

  it('shows an absolute path for a file elsewhere, and nothing for a file that is gone', async () => {
    const file = write('guide.md', GUIDE);
    const elsewhere = { record: record(file), directory: path.join(directory, 'other') };
    expect(await locateSource({ start: 0, text: '# Guide' }, elsewhere)).toMatchObject({ text: `${file}:1` });
    rmSync(file);
    expect(await locateSource({ start: 0, text: '# Guide' }, elsewhere)).toBeUndefined();
  });
});
