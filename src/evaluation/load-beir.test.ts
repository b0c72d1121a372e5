import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBeir } from './load-beir.ts';

let root: string;
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'citestream-beir-'));
});
afterAll(async () => rm(root, { recursive: true, force: true }));

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(root, String((made += 1)));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await writeFile(join(directory, name), content);
  }
  return directory;
}

const queries =
  '{"_id": "1", "text": "tea?"}\n{"_id": "2", "text": "unjudged"}\n{"_id": "3", "text": "irrelevant"}\n';
const qrels = '1\tdoc a\t2\n1\tb\t0\n3\tb\t0\n';
const expected = [
  {
    id: '1',
    text: 'tea?',
    relevance: new Map([
      ['doc a', 2],
      ['b', 0],
    ]),
  },
];

describe('loadBeir', () => {
  it.each([
    ['qrels.tsv with a header', { 'qrels.tsv': `query-id\tcorpus-id\tscore\n${qrels}` }],
    ['qrels.tsv without one', { 'qrels.tsv': qrels }],
    ['qrels/test.tsv', { 'qrels/test.tsv': qrels }],
    ['a byte order mark and Windows line ends', { 'qrels.tsv': `\uFEFF${qrels.replaceAll('\n', '\r\n')}` }],
  ])('reads %s', async (_, files) => {
    const directory = await folder({ 'queries.jsonl': queries, ...files });
    const corpus = await loadBeir(directory);
    expect(corpus.queries).toEqual(expected);
    expect(corpus.corpusFile).toBe(join(directory, 'corpus.jsonl'));
  });

  it.each([
    ['no queries', { 'qrels.tsv': qrels }, /queries\.jsonl is missing/],
    ['no judgements', { 'queries.jsonl': queries }, /qrels\.tsv or .*test\.tsv is missing/],
    [
      'a query that is no JSON',
      { 'queries.jsonl': `${queries}{"_id"`, 'qrels.tsv': qrels },
      /queries\.jsonl:4 /,
    ],
    ['a query without text', { 'queries.jsonl': '{"_id": "1"}', 'qrels.tsv': qrels }, /queries\.jsonl:1 /],
    ['a query twice', { 'queries.jsonl': queries + queries, 'qrels.tsv': qrels }, /queries\.jsonl:4 repeats/],
    ['a judgement without tabs', { 'queries.jsonl': queries, 'qrels.tsv': `${qrels}1 b 2` }, /qrels\.tsv:4 /],
    [
      'a judgement that is no number',
      { 'queries.jsonl': queries, 'qrels.tsv': '1\ta\t1\n1\tb\tx' },
      /qrels\.tsv:2 /,
    ],
    ['ids that do not agree', { 'queries.jsonl': queries, 'qrels.tsv': '9\ta\t1' }, /ids agree/],
  ])('refuses %s, by name', async (_, files, message) => {
    await expect(loadBeir(await folder(files))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message) as string,
    });
  });

  const cranfield = new URL('../../../shared/data/cranfield/', import.meta.url).pathname;
  it.skipIf(!existsSync(cranfield))('reads Cranfield', async () => {
    expect((await loadBeir(cranfield)).queries.length).toBeGreaterThan(100);
  });
});
