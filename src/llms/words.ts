import { stemmer } from 'stemmer';

const WORD = /[\p{L}\p{N}\p{M}]+(?:(?:(?<=\p{L})['’](?=\p{L})|(?<=\p{N})[.,](?=\p{N}))[\p{L}\p{N}\p{M}]+)*/gu;
const MARK = /\p{M}/gu;
const NON_ASCII = /[^\0-\u007f]/;
const CAMEL = /\p{Ll}\p{Lu}/u;
const CAMEL_PARTS = /\p{Lu}?[\p{Ll}\p{N}]+|\p{Lu}+(?!\p{Ll})/gu;
/** Scripts written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]/u;
const UNSPACED_RUN = new RegExp(`${UNSPACED.source}+`, 'gu');
const NEGATED =
  /^(?:can|wo|do|does|did|is|are|was|were|has|have|had|would|could|should|must)n['’]t$|^cannot$/u;

const MAX_STEMS = 20_000;
const stems = new Map<string, string>();

/**
 * The words of a text as they are compared: lower case, without accents, possessives and separators of thousands;
 * `camelCase` also in its parts, and scripts without spaces in pairs of characters.
 */
export function words(text: string): readonly string[] {
  const found: string[] = [];
  for (const [word] of text.normalize('NFKC').matchAll(WORD)) addWord(word, found);
  return found;
}

function addWord(word: string, found: string[]): void {
  if (NON_ASCII.test(word) && UNSPACED.test(word)) {
    for (const [run] of word.matchAll(UNSPACED_RUN)) addPairs([...run], found);
    for (const rest of word.split(UNSPACED_RUN)) if (rest !== '') addWord(rest, found);
    return;
  }
  if (CAMEL.test(word)) for (const [part] of word.matchAll(CAMEL_PARTS)) found.push(fold(part));
  const folded = fold(word);
  if (!/['’]/.test(folded) || NEGATED.test(folded)) found.push(folded.replaceAll('’', "'"));
  else if (/['’]s$/.test(folded)) found.push(folded.slice(0, -2));
  else found.push(...folded.split(/['’]/));
}

function fold(word: string): string {
  const lower = word.toLowerCase();
  if (NON_ASCII.test(lower)) return lower.normalize('NFD').replace(MARK, '').normalize('NFC');
  return /^\d{1,3}(?:,\d{3})+$/.test(lower) ? lower.replaceAll(',', '') : lower;
}

function addPairs(characters: readonly string[], found: string[]): void {
  if (characters.length === 1) found.push(characters[0] ?? '');
  for (let index = 1; index < characters.length; index += 1) {
    found.push(`${characters[index - 1] ?? ''}${characters[index] ?? ''}`);
  }
}

/** Whether a word is a pair of characters of a script without spaces. */
export function isUnspaced(word: string): boolean {
  return NON_ASCII.test(word) && UNSPACED.test(word);
}

/** Whether a word is a number. */
export function isNumber(word: string): boolean {
  return /^\p{N}+(?:[.,]\p{N}+)*$/u.test(word);
}

/** What a word has in common with its other forms: Porter's stem, which is the word itself outside Latin script. */
export function stem(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  const made = /^[a-z]{3,40}$/.test(word) ? stemmer(word) : word;
  if (stems.size >= MAX_STEMS) stems.clear();
  stems.set(word, made);
  return made;
}
