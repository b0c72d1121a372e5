import type { Source, Support } from './citation.ts';

/** A statement of an answer and the source that it cites. */
export interface Claim {
  /** The sentence, or the part of it since the marker before, without markers. */
  readonly claim: string;
  readonly source: Source;
  /** The sources cited for the same claim just before: `source` may bear out what they leave. */
  readonly alsoCited: readonly Source[];
}

/** Says how far a source bears out a claim; called for every citation on the path of a token, so it has to be quick. */
export type SupportCheck = (claim: Claim) => Support;

/** How much of an answer a claim is looked for in. */
export const MAX_CLAIM_CHARACTERS = 1500;
const MARKERS = /\s?\[\d+\]/g;
// Case counts here: ignoring it, `\p{Ll}` would be every letter.
const SENTENCE_END =
  /(?:(?<!\b(?:e\.g|i\.e|vs|[Ff]igs?|[Ee]qs?|[Nn]os?|[Dd]r|[Mm]rs?|[Mm]s|cf|al|\p{L}))[.!?…]["'”’»)\]*_]*\s+(?!\p{Ll})|[。！？]["'”’」』]*|\n\s*)/gu;
const LINE_START = /^[\s>*+#-]*(?:\d{1,3}[.)]\s+)?/;
const MIN_WORDS_OF_A_PART = 4;
const WORDS = /[\p{L}\p{N}]+/gu;

/** The statement that ends where `answer` ends, for a marker that stands there. */
export function claimBefore(answer: string): string {
  const tail = answer.slice(-MAX_CLAIM_CHARACTERS).trimEnd();
  let start = 0;
  for (const match of tail.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    // Markers behind the full stop belong to the sentence before it.
    if (tail.slice(end).replace(MARKERS, '').trim() !== '') start = end;
  }
  const sentence = tail.slice(start).replace(LINE_START, '');
  const lastMarker = sentence.lastIndexOf(']', sentence.length - 1);
  const part = /\[\d+$/.test(sentence.slice(0, Math.max(0, lastMarker)))
    ? sentence.slice(lastMarker + 1)
    : sentence;
  const isWholePart = (part.match(WORDS)?.length ?? 0) >= MIN_WORDS_OF_A_PART || UNSPACED_PART.test(part);
  return (isWholePart ? part : sentence).replaceAll(MARKERS, '').trim();
}

const UNSPACED_PART =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]{6}/u;
