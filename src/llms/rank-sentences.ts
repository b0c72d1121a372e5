import { isFunctionWord } from './languages.ts';
import type { Grounding } from './llm.ts';
import { isGeneric, type QuestionCue, type QuestionTerms } from './question-terms.ts';
import { quotableSentences, type QuotableSentence } from './quotable-sentences.ts';
import { stem, words } from './words.ts';

/** A sentence of a source, and how well it may answer. */
export interface RankedSentence extends QuotableSentence {
  /** The source's id. */
  readonly sourceId: number;
  /** Where the source stands among the sources, from 0. */
  readonly rank: number;
  /** Its place among all sentences. */
  readonly position: number;
  readonly words: ReadonlySet<string>;
  /** The question's terms it has. */
  readonly terms: ReadonlySet<string>;
  readonly score: number;
  /** The share of the question, by weight, that it covers with the help of its heading and its neighbours: 0 to 1. */
  readonly coverage: number;
}

// BM25, with sentences as the documents; they differ less in length than documents do.
const K1 = 0.9;
const B = 0.4;

/** What a term counts that stands beside a sentence and not in it. */
const HEADING_SHARE = 0.7;
const NEIGHBOUR_SHARE = 0.3;
const HEADING_COVERAGE = 0.8;
const NEIGHBOUR_COVERAGE = 0.6;
const PHRASE_SHARE = 0.35;
const MAX_PHRASE_GAP = 3;

const RANK_BONUS = 0.3;
const FIRST_BONUS = 1.06;
const CUE_BONUS = 1.2;
/** For a sentence that begins with what is asked and says what it is. */
const DEFINITION_BONUS = 1.5;
const LEANING_FACTOR = 0.8;
const UNFINISHED_FACTOR = 0.65;
const POINTING_FACTOR = 0.55;
const QUESTION_FACTOR = 0.5;

/** Begins with a word for something said before. */
const LEANS =
  /^(?:it|its|this|that|these|those|they|their|he|she|his|her|such|however|therefore|thus|hence|but|and|so|also|then|otherwise|dies|diese[rs]?|daher|jedoch|cela|celui|ceci|esto|eso)\b/iu;
/** Says where something is said. */
const POINTS_ELSEWHERE =
  /^(?:please )?(?:see|read|refer to|for (?:more|further|details|an overview|information))\b|^\W*(?:siehe|voir|vease)\b/iu;
const UNFINISHED = /[:,;–—-]$/;

const SUBJECT =
  /^\W*(.{1,80}?)\W*\b(?:is|are|was|were|means?|refers? to|stands? for|ist|sind|bedeutet|est|sont|es|son|è|sono|é|são)\b/u;
const CUE_PATTERNS: Readonly<Record<QuestionCue, RegExp>> = {
  definition:
    /^.{2,90}?\b(?:is|are|was|were|means|refers to|stands for|ist|sind|est|sont|es|son)\b|^.{2,60}?: |是|とは/u,
  number: /\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million)\b/iu,
  place:
    /\b(?:in|at|under|beside|inside|below|on|from) (?:the|a|an|your|its|this|each)\b|\b(?:in|at|under|im|dans|en|nel|no) `/iu,
  reason:
    /\b(?:because|since|so that|due to|therefore|in order to|otherwise|reason|avoids?|caused?|weil|damit|parce|car|porque)\b/iu,
  way: /`|\b(?:use|uses|using|run|set|call|pass|add|by \w+ing|with|must|first|steps?)\b/iu,
};

interface Candidate extends Omit<RankedSentence, 'score' | 'coverage'> {
  readonly counts: ReadonlyMap<string, number>;
  readonly places: readonly (readonly [term: string, at: number])[];
  readonly length: number;
  readonly headingTerms: ReadonlySet<string>;
  readonly codeTerms: ReadonlySet<string>;
}

/** Every quotable sentence of the sources with its score, in the sources' order. Takes time linear in their length. */
export function rankSentences(
  asked: QuestionTerms,
  sources: Grounding['sources'],
): readonly RankedSentence[] {
  if (asked.weights.size === 0) return [];
  const candidates = candidatesOf(sources, asked);
  const meanLength = candidates.reduce((sum, { length }) => sum + length, 0) / Math.max(1, candidates.length);
  const rarity = rarityOf(asked, candidates);
  return candidates.map((candidate, index) => {
    const neighbours = [candidates[index - 1], candidates[index + 1]].filter(
      (each) => each?.block === candidate.block && each.rank === candidate.rank,
    );
    const beside = new Set([
      ...candidate.codeTerms,
      ...neighbours.flatMap((each) => [...(each?.terms ?? [])]),
    ]);
    const score = scoreOf({ candidate, beside, asked, rarity, meanLength });
    return { ...candidate, score, coverage: coverageOf({ candidate, beside, asked, rarity }) };
  });
}

function candidatesOf(sources: Grounding['sources'], asked: QuestionTerms): readonly Candidate[] {
  const matcher = termMatcher(asked.weights);
  const candidates: Candidate[] = [];
  for (const [rank, { id, text, ...place }] of sources.entries()) {
    for (const sentence of quotableSentences(text, place)) {
      const found = words(sentence.text);
      const counts = new Map<string, number>();
      const places: [string, number][] = [];
      for (const [at, word] of found.entries()) {
        const term = matcher(word);
        if (term !== undefined) {
          counts.set(term, (counts.get(term) ?? 0) + 1);
          places.push([term, at]);
        }
      }
      candidates.push({
        ...sentence,
        sourceId: id,
        rank,
        position: candidates.length,
        words: new Set(found),
        terms: new Set(counts.keys()),
        counts,
        places,
        length: found.length,
        headingTerms: termsIn(sentence.heading, matcher),
        codeTerms: termsIn(sentence.code, matcher),
      });
    }
  }
  return candidates;
}

function termsIn(text: string, matcher: (word: string) => string | undefined): ReadonlySet<string> {
  return new Set(
    words(text)
      .map(matcher)
      .filter((term) => term !== undefined),
  );
}

/** The question's term that a word is a form of; a word that begins otherwise than any is not even stemmed. */
function termMatcher(weights: QuestionTerms['weights']): (word: string) => string | undefined {
  const beginnings = new Set([...weights.keys()].map((term) => term.slice(0, 2)));
  return (word) => {
    if (!beginnings.has(word.slice(0, 2))) return undefined;
    const term = stem(word);
    return weights.has(term) ? term : undefined;
  };
}

/** For each term, how rare it is among the sentences: 1 for one that none has. */
function rarityOf(asked: QuestionTerms, candidates: readonly Candidate[]): ReadonlyMap<string, number> {
  const count = candidates.length;
  const most = Math.log(1 + (count + 0.5) / 0.5);
  return new Map(
    [...asked.weights.keys()].map((term) => {
      const having = candidates.filter(({ terms }) => terms.has(term)).length;
      return [term, Math.log(1 + (count - having + 0.5) / (having + 0.5)) / most];
    }),
  );
}

interface Scoring {
  readonly candidate: Candidate;
  /** The terms of the sentences before and after it, and of the code it leads to. */
  readonly beside: ReadonlySet<string>;
  readonly asked: QuestionTerms;
  readonly rarity: ReadonlyMap<string, number>;
}

function scoreOf({
  candidate,
  beside,
  asked,
  rarity,
  meanLength,
}: Scoring & { readonly meanLength: number }): number {
  let score = 0;
  for (const [term, weight] of asked.weights) {
    const value = weight * (0.25 + (rarity.get(term) ?? 1));
    const count = candidate.counts.get(term) ?? 0;
    if (count > 0) {
      score += (value * count * (K1 + 1)) / (count + K1 * (1 - B + (B * candidate.length) / meanLength));
    } else if (candidate.headingTerms.has(term)) score += value * HEADING_SHARE;
    else if (beside.has(term)) score += value * NEIGHBOUR_SHARE;
  }
  if (candidate.terms.size === 0) return 0;
  score += phraseBonus(candidate, asked);
  score *= 1 + RANK_BONUS / (candidate.rank + 1);
  if (candidate.isFirstOfBlock) score *= FIRST_BONUS;
  score *= cueBonus(candidate, asked);
  if (LEANS.test(candidate.text)) score *= LEANING_FACTOR;
  if (UNFINISHED.test(candidate.text)) score *= UNFINISHED_FACTOR;
  if (POINTS_ELSEWHERE.test(candidate.text)) score *= POINTING_FACTOR;
  if (candidate.text.endsWith('?')) score *= QUESTION_FACTOR;
  return score;
}

function cueBonus({ text }: Candidate, asked: QuestionTerms): number {
  if (asked.cue === undefined) return 1;
  if (asked.cue === 'definition' && defines(text, asked)) return DEFINITION_BONUS;
  return CUE_PATTERNS[asked.cue].test(text) ? CUE_BONUS : 1;
}

/** Whether a sentence's subject is what is asked, and nothing else. */
function defines(text: string, { weights, language }: QuestionTerms): boolean {
  const subject = SUBJECT.exec(text)?.[1];
  if (subject === undefined) return false;
  const named = new Set(
    words(subject)
      .filter((word) => !isFunctionWord(word, language))
      .map(stem),
  );
  return (
    named.size > 0 &&
    [...weights.keys()].every((term) => isGeneric(term) || named.has(term)) &&
    [...named].every((term) => weights.has(term))
  );
}

/** Terms that follow each other in the question count more where they do so in the sentence. */
function phraseBonus({ places }: Candidate, asked: QuestionTerms): number {
  const order = [...asked.weights.keys()];
  let bonus = 0;
  for (const [index, [term, at]] of places.entries()) {
    const next = places[index + 1];
    if (
      next !== undefined &&
      next[1] - at <= MAX_PHRASE_GAP &&
      order.indexOf(next[0]) === order.indexOf(term) + 1
    ) {
      bonus += PHRASE_SHARE * Math.min(asked.weights.get(term) ?? 0, asked.weights.get(next[0]) ?? 0);
    }
  }
  return Math.min(bonus, PHRASE_SHARE * order.length);
}

function coverageOf({ candidate, beside, asked, rarity }: Scoring): number {
  const hasMeasure = asked.measures.size > 0 && CUE_PATTERNS.number.test(candidate.text);
  let covered = 0;
  let all = 0;
  for (const [term, weight] of asked.weights) {
    const value = weight * (0.4 + 0.6 * (rarity.get(term) ?? 1));
    all += value;
    if (candidate.terms.has(term) || (hasMeasure && asked.measures.has(term))) covered += value;
    else if (candidate.headingTerms.has(term)) covered += value * HEADING_COVERAGE;
    else if (beside.has(term)) covered += value * NEIGHBOUR_COVERAGE;
  }
  return covered / all;
}
