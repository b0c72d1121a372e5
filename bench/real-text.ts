import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const cranfield = join(root, '../shared/data/cranfield');

/** Words people wrote, to generate any amount of text from, and questions about them. */
export interface RealText {
  readonly origin: string;
  readonly texts: readonly (readonly string[])[];
  readonly questions: readonly string[];
}

/** The abstracts and questions of Cranfield where they are, otherwise the project's own documentation. */
export function readRealText(): RealText {
  if (existsSync(cranfield)) {
    const lines = (file: string) =>
      readFileSync(join(cranfield, file), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { readonly text: string });
    return {
      origin: 'Cranfield',
      texts: lines('corpus.jsonl').flatMap(({ text }) => wordsOf(text)),
      questions: lines('queries.jsonl').map(({ text }) => text),
    };
  }
  const texts = globSync(['docs/**/*.md', '*.md'], { cwd: root }).flatMap((file) =>
    wordsOf(readFileSync(join(root, file), 'utf8')),
  );
  const random = seededRandom(7);
  const questions = Array.from({ length: 100 }, () => passage(texts, 10, random));
  return { origin: 'docs/', texts, questions };
}

function wordsOf(text: string): readonly (readonly string[])[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.length < 20 ? [] : [words];
}

/** So many words in a row from somewhere in the texts, wrapped around at a text's end. */
export function passage(texts: RealText['texts'], length: number, random: () => number): string {
  const words = texts[Math.floor(random() * texts.length)] ?? [];
  const start = Math.floor(random() * words.length);
  return Array.from({ length }, (_, at) => words[(start + at) % words.length]).join(' ');
}

/** Numbers from 0 to 1, the same ones for the same seed: each run generates the same text. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
