import type { BedrockBehaviour } from './bedrock-behaviour.ts';

/** A source as a prompt numbers it. */
interface NumberedSource {
  readonly number: number;
  readonly text: string;
}

const NO_SOURCE = 'The documents do not answer the question.';
const MAX_QUOTES = 3;
const MAX_QUOTE_CHARACTERS = 300;
const SOURCE = /^Source (\d+):[ \t]*\n?/gm;
/** What stands between the first and the last rule is what a prompt gives; an example stands outside of them. */
const BETWEEN_RULES = /^-{5,}[ \t]*\n([\s\S]*)^-{5,}[ \t]*$/m;

/** What a prompt asks, shortened; its last words where it has no line that says so. */
export function questionOf(prompt: string): string {
  const asked = [...prompt.matchAll(/^(?:Question|Query|The last question): ?(.*)$/gim)].at(-1)?.[1];
  return (asked ?? prompt.trim().split('\n').at(-1) ?? '').trim().slice(0, 200);
}

/**
 * Answers as a model would that does what it is told: a sentence of those sources that share most words with the question,
 * each with its `[n]`. With `wrongCitations` it cites numbers that were never given as well.
 */
export function echoSources(
  prompt: string,
  { wrongCitations }: { readonly wrongCitations: boolean },
): string {
  const sources = readSources(prompt);
  const question = questionOf(prompt);
  if (sources.length === 0) return /^The last question: /m.test(prompt) ? question : NO_SOURCE;
  const asked = wordsOf(question);
  const quotes = sources
    .map(({ number, text }) => ({ number, ...bestSentence(text, asked) }))
    .filter(({ sentence }) => sentence !== '')
    .sort((a, b) => b.shared - a.shared || a.number - b.number)
    .slice(0, MAX_QUOTES)
    .sort((a, b) => a.number - b.number);
  const wrong = Math.max(...sources.map(({ number }) => number)) + 7;
  return quotes
    .map(({ sentence, number }, index) => {
      const marker = wrongCitations
        ? index % 2 === 0
          ? `[${number}][${wrong}]`
          : `[${wrong}]`
        : `[${number}]`;
      const [, body = sentence, end = ''] = /^(.*?)([.!?…。]*)$/su.exec(sentence) ?? [];
      return `${body} ${marker}${end === '' ? '.' : end}`;
    })
    .join(' ');
}

/** The text a request is answered with. */
export function chooseAnswer(
  behaviour: Pick<BedrockBehaviour, 'answers' | 'wrongCitations'>,
  { prompt, turn }: { readonly prompt: string; readonly turn: number },
): string {
  const { answers } = behaviour;
  if (answers !== undefined && answers.length > 0) return answers[turn % answers.length] ?? '';
  return echoSources(prompt, behaviour);
}

/** A text as the pieces a model gives it in: a bracket is a token of its own, as it is for most models. */
export function toTokens(text: string): readonly string[] {
  return text.match(/\s*(?:[[\]]|[^\s[\]]{1,12})|\s+$/gu) ?? [];
}

/** How many tokens a prompt has; near enough for what a simulator counts. */
export const countTokens = (text: string): number => Math.ceil(text.length / 4);

function readSources(prompt: string): readonly NumberedSource[] {
  const given = BETWEEN_RULES.exec(prompt)?.[1] ?? prompt.split(/^(?:Question|Query):/m, 1)[0] ?? '';
  const found = [...given.matchAll(SOURCE)];
  return found.map((match, index) => ({
    number: Number(match[1]),
    text: given.slice(match.index + match[0].length, found[index + 1]?.index),
  }));
}

function bestSentence(
  text: string,
  asked: ReadonlySet<string>,
): { readonly sentence: string; readonly shared: number } {
  let best = { sentence: '', shared: -1 };
  // A marker of the source itself would be read as one of the answer.
  for (const raw of text.replaceAll(/\[[^\]]*\]/g, ' ').split(/(?<=[.!?…。])\s+|\n{2,}/u)) {
    const words = raw
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/ (?=[.!?…,])/g, '')
      .trim();
    const sentence = words.slice(0, MAX_QUOTE_CHARACTERS).trim();
    if (!/[\p{L}\p{N}]/u.test(sentence)) continue;
    // A long word tells more of what a sentence is about than a short one.
    const shared = [...wordsOf(sentence)].reduce((sum, word) => sum + (asked.has(word) ? word.length : 0), 0);
    if (shared > best.shared) best = { sentence, shared };
  }
  return best;
}

const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu));
