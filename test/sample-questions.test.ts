import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createCitestream, loadConfiguration, runIngest, type Citestream } from '../src/index.ts';
import { read, root } from './guides.ts';

interface SampleQuestion {
  readonly question: string;
  /** A sentence that the answer quotes; null where the guides do not answer. */
  readonly expected: string | null;
}

const questions = JSON.parse(read('test/questions.json')) as readonly SampleQuestion[];
const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').replace(/\.$/, '').toLowerCase();

let folder: string;
let citestream: Citestream;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citestream-questions-'));
  const { configuration } = loadConfiguration({ environment: {}, flags: { dataDir: folder } });
  await runIngest({ paths: [join(root, 'docs')], configuration });
  citestream = await createCitestream(configuration);
});
afterAll(async () => {
  await citestream[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('a newcomer who asks docs/', () => {
  it.each(questions.filter(({ expected }) => expected !== null))(
    'reads the answer to: $question',
    async ({ question, expected }) => {
      const { answer, sources, citations } = await citestream.engine.query(question);
      const sentence = plain(expected ?? '');
      expect(plain(answer)).toContain(sentence);
      const cited = new Set(citations.map(({ id }) => id));
      const holds = sources.filter(({ text }) => plain(text).includes(sentence));
      expect(holds.some(({ id }) => cited.has(id))).toBe(true);
    },
  );

  it.each(questions.filter(({ expected }) => expected === null))(
    'is told that the documents do not answer: $question',
    async ({ question }) => {
      const { answer, citations } = await citestream.engine.query(question);
      expect(citations).toEqual([]);
      expect(answer).toMatch(/do not answer it|Nothing about this question/);
    },
  );
});
