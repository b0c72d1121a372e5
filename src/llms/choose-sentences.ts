import type { QuestionTerms } from './question-terms.ts';
import type { RankedSentence } from './rank-sentences.ts';

const MAX_SENTENCES = 4;
const MAX_CHARACTERS = 1000;
/** The share of a question with no term that one sentence would have to cover; each term of the question lowers it. */
const ANSWERING_COVERAGE = 0.62;
const COVERAGE_A_TERM = 0.035;
const MIN_ANSWERING_COVERAGE = 0.28;
/** What further sentences have to reach of the best score; those that cover more of the question, less. */
const NEXT_SCORE = 0.7;
const NEXT_SCORE_WITH_NEW_TERMS = 0.55;
/** What further sentences have to cover of what the best covers, where they bring no new term. */
const NEXT_COVERAGE = 0.8;
/** The share of the shorter sentence's words that makes two sentences the same. */
const SAME_WORDS = 0.7;

/**
 * The sentences that answer best, one to four, none of them twice: those of the best one's source first, then the
 * others', each source's in its order. None at all where no sentence covers enough of the question to be about it.
 */
export function chooseSentences(
  ranked: readonly RankedSentence[],
  asked: QuestionTerms,
): readonly RankedSentence[] {
  const best = ranked.toSorted((a, b) => b.score - a.score || a.position - b.position);
  const [first] = best;
  const coverage = ranked.reduce((most, sentence) => Math.max(most, sentence.coverage), 0);
  if (first === undefined || first.score === 0 || coverage < coverageNeeded(asked)) return [];
  const chosen: RankedSentence[] = [];
  const covered = new Set<string>();
  let characters = 0;
  for (const sentence of best) {
    if (chosen.length === MAX_SENTENCES || sentence.score < first.score * NEXT_SCORE_WITH_NEW_TERMS) break;
    const addsTerms = [...sentence.terms].some((term) => !covered.has(term));
    const scores =
      addsTerms ||
      (sentence.score >= first.score * NEXT_SCORE && sentence.coverage >= first.coverage * NEXT_COVERAGE);
    const fits = chosen.length === 0 || characters + sentence.text.length <= MAX_CHARACTERS;
    if (scores && fits && !chosen.some((other) => isSame(other, sentence))) {
      chosen.push(sentence);
      characters += sentence.text.length;
      for (const term of sentence.terms) covered.add(term);
    }
  }
  const isBestSource = ({ sourceId }: RankedSentence): number => Number(sourceId === first.sourceId);
  return chosen.sort((a, b) => isBestSource(b) - isBestSource(a) || a.position - b.position);
}

/** A short question is answered by a sentence that has nearly all of it; a long one says much that no sentence repeats. */
function coverageNeeded({ specificTerms }: QuestionTerms): number {
  return Math.max(MIN_ANSWERING_COVERAGE, ANSWERING_COVERAGE - COVERAGE_A_TERM * specificTerms);
}

function isSame(a: RankedSentence, b: RankedSentence): boolean {
  if (a.text.includes(b.text) || b.text.includes(a.text)) return true;
  const [shorter, longer] = a.words.size <= b.words.size ? [a.words, b.words] : [b.words, a.words];
  let shared = 0;
  for (const word of shorter) if (longer.has(word)) shared += 1;
  return shared >= shorter.size * SAME_WORDS;
}
