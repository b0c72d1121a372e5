import { splitSentences } from '../documents/split-sentences.ts';
import { isFunctionWord, languageOf, type Language } from '../llms/languages.ts';
import { isNumber, isUnspaced, stem, words } from '../llms/words.ts';
import type { Source, Support } from './citation.ts';
import type { Claim } from './support-check.ts';

/** Shares of a claim's content, by weight, that a passage has to hold. Words in pairs of characters repeat less. */
const SUPPORTED = 0.6;
const WEAK = 0.3;
const UNSPACED_FACTOR = 0.75;
/** What a source has to add where another bears out the rest. */
const SHARE_OF_OWN = 0.25;

const NUMBER_WEIGHT = 2;
const RELATED_FORM = 0.75;
const MIN_VERBATIM_CHARACTERS = 16;
const NEGATION_REACH = 2;

const NEGATIONS = new Set(
  (
    "not no never nor neither none without cannot nobody nothing don't doesn't didn't isn't aren't wasn't weren't " +
    "won't can't hasn't haven't hadn't wouldn't couldn't shouldn't mustn't nicht kein keine keinen keiner nie niemals " +
    'ohne ne pas jamais aucun aucune sans nunca sin ningun ninguna nao nem sem non mai senza geen niet nooit zonder'
  ).split(' '),
);
const NUMBER_WORDS = new Map(
  'zero one two three four five six seven eight nine ten eleven twelve'
    .split(' ')
    .map((word, value) => [word, String(value)]),
);

interface Passage {
  /** Letters and digits alone, for finding what is quoted. */
  readonly letters: string;
  readonly words: readonly string[];
  readonly terms: ReadonlySet<string>;
  readonly sentences: readonly { readonly terms: ReadonlySet<string>; readonly negates: boolean }[];
  readonly language: Language | undefined;
  readonly isUnspaced: boolean;
}

/** A source is cited again and again; what it holds is found once. */
const passages = new WeakMap<Source, Passage>();

/**
 * Compares a claim with the passage it cites by their words alone. A verbatim quote is supported. Otherwise the share
 * of the claim's content words (stemmed) that the passage holds decides, most of all its best two sentences together; a
 * number the passage lacks, or a negation on one side only, costs one step. `unchecked` where words cannot tell: a
 * claim without content, or in another language than its passage. Takes some tens of microseconds.
 */
export function lexicalSupportCheck({ claim, source, alsoCited }: Claim): Support {
  const passage = passageOf(source);
  const letters = lettersOf(claim);
  const claimWords = words(claim);
  const isVerbatim = letters.length >= MIN_VERBATIM_CHARACTERS && passage.letters.includes(letters);
  if (isVerbatim && !followsNegation(claimWords, passage.words)) return 'supported';

  const language = languageOf(claimWords);
  const terms = contentTerms(claimWords, language);
  if (terms.size === 0) return 'unchecked';
  const isPaired = [...terms].some(isUnspaced);
  if (isPaired !== passage.isUnspaced && !sharesTerms(terms, passage.terms)) return 'unchecked';
  if (language !== undefined && passage.language !== undefined && language !== passage.language)
    return 'unchecked';

  const { share, sentence } = bestShare(terms, passage);
  const factor = isPaired ? UNSPACED_FACTOR : 1;
  const lacksNumber = [...terms].some((term) => isNumber(term) && !holds(passage.terms, term));
  const negates = claimWords.some((word) => NEGATIONS.has(word));
  const isTurnedRound = sentence !== undefined && sentence.negates !== negates;
  const doubts = Number(lacksNumber) + Number(isTurnedRound);
  const support = judge(share / factor, doubts);
  if (support === 'supported' || alsoCited.length === 0 || isTurnedRound) return support;
  return completes({ terms, passage, others: alsoCited.map(passageOf), factor }) ? 'supported' : support;
}

/** Whether a negation stands right before the words of a quote, wherever a passage has them: `no pesticides are used`. */
function followsNegation(quoted: readonly string[], held: readonly string[]): boolean {
  const [first] = quoted;
  let isFound = false;
  for (let at = 0; at + quoted.length <= held.length; at += 1) {
    if (held[at] === first && quoted.every((word, index) => held[at + index] === word)) {
      isFound = true;
      if (!held.slice(Math.max(0, at - NEGATION_REACH), at).some((word) => NEGATIONS.has(word))) return false;
    }
  }
  return isFound;
}

function judge(share: number, doubts: number): Support {
  const step = (share >= SUPPORTED ? 2 : share >= WEAK ? 1 : 0) - doubts;
  if (step >= 2) return 'supported';
  return step === 1 ? 'weak' : 'unsupported';
}

/** Whether a passage adds to others what makes up the claim together. */
function completes({
  terms,
  passage,
  others,
  factor,
}: {
  readonly terms: ReadonlySet<string>;
  readonly passage: Passage;
  readonly others: readonly Passage[];
  readonly factor: number;
}): boolean {
  const together = new Set([passage, ...others].flatMap((each) => [...each.terms]));
  if ([...terms].some((term) => isNumber(term) && !holds(together, term))) return false;
  return (
    coverage(terms, together) / factor >= SUPPORTED && coverage(terms, passage.terms) / factor >= SHARE_OF_OWN
  );
}

function bestShare(
  terms: ReadonlySet<string>,
  passage: Passage,
): { readonly share: number; readonly sentence: Passage['sentences'][number] | undefined } {
  let sentence: Passage['sentences'][number] | undefined;
  let best = 0;
  let bestTwo = 0;
  let before = 0;
  for (const [index, each] of passage.sentences.entries()) {
    const own = coverage(terms, each.terms);
    const previous = passage.sentences[index - 1];
    // Two sentences can hold more than one only where both hold something.
    const two =
      previous === undefined || before === 0 || own === 0
        ? own
        : coverage(terms, new Set([...previous.terms, ...each.terms]));
    if (own > best) {
      best = own;
      sentence = each;
    }
    bestTwo = Math.max(bestTwo, two);
    before = own;
  }
  return { share: 0.3 * coverage(terms, passage.terms) + 0.7 * bestTwo, sentence };
}

function coverage(terms: ReadonlySet<string>, held: ReadonlySet<string>): number {
  let covered = 0;
  let all = 0;
  for (const term of terms) {
    const weight = isNumber(term) ? NUMBER_WEIGHT : 1;
    all += weight;
    if (held.has(term)) covered += weight;
    else if (holds(held, term)) covered += weight * RELATED_FORM;
  }
  return covered / all;
}

/** Whether a passage has a term, or a word that begins with most of it: `retrieval` and `retrieve`. */
function holds(held: ReadonlySet<string>, term: string): boolean {
  if (held.has(term)) return true;
  if (term.length < 5 || isNumber(term)) return false;
  const beginning = term.slice(0, Math.max(5, Math.ceil(term.length * 0.7)));
  for (const other of held) if (other.startsWith(beginning) && other.length <= term.length + 4) return true;
  return false;
}

function sharesTerms(terms: ReadonlySet<string>, held: ReadonlySet<string>): boolean {
  for (const term of terms) if (held.has(term)) return true;
  return false;
}

function contentTerms(found: readonly string[], language: Language | undefined): ReadonlySet<string> {
  const terms = new Set<string>();
  for (const word of found) {
    if (!isFunctionWord(word, language) && !NEGATIONS.has(word))
      terms.add(NUMBER_WORDS.get(word) ?? stem(word));
  }
  return terms;
}

function passageOf(source: Source): Passage {
  const known = passages.get(source);
  if (known !== undefined) return known;
  const all = words(source.text);
  const sentences = splitSentences(source.text).map(({ start, end }) => {
    const found = words(source.text.slice(start, end));
    return { terms: termsOf(found), negates: found.some((word) => NEGATIONS.has(word)) };
  });
  const passage: Passage = {
    letters: lettersOf(source.text),
    words: all,
    terms: termsOf(all),
    sentences,
    language: languageOf(all),
    isUnspaced: all.some(isUnspaced),
  };
  passages.set(source, passage);
  return passage;
}

function termsOf(found: readonly string[]): ReadonlySet<string> {
  return new Set(found.map((word) => NUMBER_WORDS.get(word) ?? stem(word)));
}

function lettersOf(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '');
}
