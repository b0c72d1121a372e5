import type { Source } from '../citations/citation.ts';

/** Fewer words in common are chance. */
const MIN_COMMON_WORDS = 2;

/**
 * Where in a source the sentence stands that an answer's sentence was taken from: its offset into the source's text,
 * 0 where none is like it. `at` is the offset of the `[n]` in the answer.
 */
export function citedPlace(answer: string, at: number, { text }: Pick<Source, 'text'>): number {
  const wanted = wordsOf(sentenceBefore(answer, at));
  let [place, most] = [0, MIN_COMMON_WORDS - 1];
  for (const { segment, index } of new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(text)) {
    const common = [...wordsOf(segment)].filter((word) => wanted.has(word)).length;
    if (common > most) [place, most] = [index + segment.length - segment.trimStart().length, common];
  }
  return place;
}

/** What stands before the marker, and the markers before it, back to the end of another sentence. */
function sentenceBefore(answer: string, at: number): string {
  const before = answer.slice(Math.max(0, at - 2000), at).replace(/(?:\s*\[\d+\])*\s*$/, '');
  const sentence = before.replace(/[.!?…”"』」]+$/, '');
  const starts = [...sentence.matchAll(/[.!?。！？]["”]?\s+(?:\[\d+\]\s*)*|\n/g)];
  const last = starts.at(-1);
  return last === undefined ? sentence : sentence.slice(last.index + last[0].length);
}

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}|\p{Script=Han}/gu));
