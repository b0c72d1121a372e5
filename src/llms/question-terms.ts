import { isFunctionWord, languageOf, type Language } from './languages.ts';
import { isNumber, isUnspaced, stem, words } from './words.ts';

/** What a question asks about. */
export interface QuestionTerms {
  /** Stems in the question's order, each with how much it matters, about 0.3 to 1.5. */
  readonly weights: ReadonlyMap<string, number>;
  /** How many of them are about its subject. */
  readonly specificTerms: number;
  /** Terms that ask for a measure: an answer may give it as a number instead. */
  readonly measures: ReadonlySet<string>;
  readonly language: Language | undefined;
  readonly cue: QuestionCue | undefined;
}

/** What form an answer may have. */
export type QuestionCue = 'definition' | 'number' | 'place' | 'reason' | 'way';

/** Words of questions rather than of their subjects, as stems. */
const GENERIC = new Set(
  (
    'answer approach author basic best call can case certain choos come common compar concern consid current deal ' +
    'describ detail determin develop differ discuss document effect exampl exist explain find follow general get give ' +
    'go good handl happen help import inform instead investig involv kind know like list main make mani mean method ' +
    'mention much need new now paper person point possibl problem provid purpos question read reason recent relat ' +
    'repres requir result same say see sever show simpl someth sort state step studi summari summar support take talk tell thing ' +
    'time topic tri turn type understand use variou way work write'
  ).split(' '),
);
const GENERIC_WEIGHT = 0.35;
const HIRAGANA_WEIGHT = 0.3;
const MAX_GENERIC_WEIGHT = 0.35;
const NUMBER_WEIGHT = 1.3;
const NAME_WEIGHT = 1.25;
/** What was asked before a follow-up counts, but less than the follow-up. */
const EARLIER_LINE_WEIGHT = 0.7;

/** `How large` asks for a measure, which an answer gives without the word. */
const MEASURE_QUESTION =
  /\bhow (many|much|long|often|large|big|small|fast|quick(?:ly)?|old|high|deep|far|soon)\b/giu;

const HIRAGANA = /\p{Script=Hiragana}/u;
const UNSPACED_QUESTION_WORDS =
  /什么|什麼|怎么|怎麼|怎样|如何|为什么|為什麼|哪些|哪个|哪里|多少|是否|可以|吗|嗎|呢|请问|有|是|的|了|在|和|何ですか|とは|ですか|ますか|どのように|どうやって|なぜ|いつ|どこ|무엇|어떻게|언제|어디|입니까|인가요/gu;

const CUES: readonly (readonly [QuestionCue, RegExp])[] = [
  [
    'number',
    /\bhow (?:many|much|long|often|large|big|fast|old)\b|\bwhat (?:year|date|time|number|percentage|limit)\b|^when\b/iu,
  ],
  [
    'place',
    /^\W*where\b|\bin (?:which|what) (?:place|folder|file|directory)\b|^\W*(?:wo|où|dónde|donde|dove|onde|waar)\b/iu,
  ],
  ['definition', /\b(?:what|who)(?:'s| is| are| was| were)\b|\bdefin|\bmean(?:s|ing)?\b|\bstands? for\b/iu],
  ['reason', /\bwhy\b|\breasons?\b|\bwarum\b|\bpourquoi\b|\bpor que\b/iu],
  ['way', /\bhow\b|\bwie\b|\bcomment\b|\bcomo\b/iu],
];

/** The terms of a question that sentences are compared with; in several lines, the last is the question itself. */
export function questionTerms(question: string): QuestionTerms {
  const lines = question.split('\n').filter((line) => line.trim() !== '');
  const language = languageOf(words(question));
  const weights = new Map<string, number>();
  const measures = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const share = index === lines.length - 1 ? 1 : EARLIER_LINE_WEIGHT;
    const names = namesIn(line);
    for (const [, word = ''] of line.matchAll(MEASURE_QUESTION)) measures.add(stem(word.toLowerCase()));
    for (const word of words(line.replaceAll(UNSPACED_QUESTION_WORDS, ' '))) {
      if (!isFunctionWord(word, language) && (word.length > 1 || isUnspaced(word) || isNumber(word))) {
        const term = stem(word);
        weights.set(
          term,
          Math.max(
            weights.get(term) ?? 0,
            share * (measures.has(term) ? GENERIC_WEIGHT : weightOf(word, term, names)),
          ),
        );
      }
    }
  }
  const last = lines.at(-1) ?? '';
  const specificTerms = [...weights.values()].filter((weight) => weight > MAX_GENERIC_WEIGHT).length;
  return {
    weights,
    specificTerms,
    measures,
    language,
    cue: CUES.find(([, pattern]) => pattern.test(last))?.[0],
  };
}

/** Whether a term is a word of questions rather than of their subjects. */
export function isGeneric(term: string): boolean {
  return GENERIC.has(term);
}

function weightOf(word: string, term: string, names: ReadonlySet<string>): number {
  if (isGeneric(term)) return GENERIC_WEIGHT;
  if (HIRAGANA.test(word)) return HIRAGANA_WEIGHT;
  if (isNumber(word)) return NUMBER_WEIGHT;
  return names.has(word) ? NAME_WEIGHT : 1;
}

/** Words with a capital that no beginning of a sentence explains. */
function namesIn(line: string): ReadonlySet<string> {
  const found = line.match(/(?<=[\p{L}\p{N},;)] )\p{Lu}[\p{L}\p{N}]*/gu) ?? [];
  return new Set(found.flatMap((name) => words(name)));
}
