/**
 * Finds sentences with one pass over the text: its cost is linear, it loads nothing, and it never throws.
 *
 * A sentence ends after `.`, `!`, `?` and their kin where whitespace follows, after `。！？` at once, and at
 * a blank line. A line that begins a list item, a heading, a quote or a table row begins a sentence.
 * A full stop does not end one after an abbreviation, an initial or the number of a list item, nor before
 * a lower-case letter in a text that has capitals.
 */

/** Part of a text, as offsets in UTF-16 units: `text.slice(start, end)`. */
export interface SentenceSpan {
  readonly start: number;
  readonly end: number;
}

const CANDIDATE = /[.!?…؟۔।॥։።။។。！？｡\n\r]/g;
const ENDS_WITHOUT_SPACE = new Set('。！？｡');
const TERMINATORS = new Set('.!?…؟۔।॥։።။។。！？｡');
const CLOSERS = new Set('"\'”’»›)]}」』）】》〉〕*_`');
const BEGINS_LINE_OF_ITS_OWN = /[ \t]*(?:[-*+•‣◦][ \t]|\d{1,4}[.)][ \t]|#{1,6}[ \t]|[|>]|```|~~~)/y;
const HEADING_LINE = / {0,3}#{1,6}[ \t]/y;
const LIST_NUMBER = /^(?:\d{1,4}|\p{L}|[ivxIVX]{1,5})$/u;
const INITIAL = /^[\p{L}]$/u;
const DOTTED = /^(?:\p{L}{1,3}\.)+\p{L}{1,3}$/u;
const LOWER_CASE = /\p{Ll}/u;
const UPPER_CASE = /\p{Lu}/u;
const MAX_WORD = 24;

/** Never end a sentence: what they shorten or belong to follows. */
const ABBREVIATIONS = new Set(
  (
    'dr mr mrs ms mx prof st mt gen sen rep gov capt lt col sgt rev hon pres messrs vs cf viz al ca approx resp ' +
    'fig figs eq eqs eqn eqns tab ref refs op cit ibid dept est inc ltd corp co bros jr sr ave blvd assoc ' +
    'bzw usw zb vgl nr abs bspw evtl ggf sog mme mlle sra srta'
  ).split(' '),
);
/** Never end a sentence where a number follows: `No. 5`, `pp. 12`, `Sec. 3`. */
const ABBREVIATIONS_BEFORE_NUMBERS = new Set(
  'no nos p pp vol vols sec sect ch chap art app ver v jan feb mar apr jun jul aug sep sept oct nov dec'.split(
    ' ',
  ),
);

/** The sentences of a text, in order and without the whitespace between them; nothing else is left out. */
export function splitSentences(text: string): readonly SentenceSpan[] {
  const sentences: SentenceSpan[] = [];
  const hasCapitals = UPPER_CASE.test(text);
  let start = skipWhitespace(text, 0);
  CANDIDATE.lastIndex = start;
  for (let match = CANDIDATE.exec(text); match !== null; match = CANDIDATE.exec(text)) {
    const at = match.index;
    const isLineEnd = match[0] === '\n' || match[0] === '\r';
    const end = isLineEnd ? at : endOfTerminators(text, at);
    const next = skipWhitespace(text, end);
    const ends = isLineEnd
      ? lineEndsSentence(text, { start, at, next })
      : terminatorEndsSentence(text, { start, at, end, next, hasCapitals });
    if (ends) {
      add(end);
      start = next;
      CANDIDATE.lastIndex = next;
    } else {
      // A line end after a terminator that ended nothing still has to be looked at.
      CANDIDATE.lastIndex = isLineEnd ? endOfLineEnds(text, at, next) : end;
    }
  }
  add(text.length);
  return sentences;

  function add(end: number): void {
    const trimmed = trimEnd(text, start, end);
    if (trimmed > start) sentences.push({ start, end: trimmed });
  }
}

interface Place {
  readonly start: number;
  readonly at: number;
  readonly next: number;
}

/** Whether the line end at `at` ends the sentence that began at `start`. */
function lineEndsSentence(text: string, { start, at, next }: Place): boolean {
  let lineEnds = 0;
  let lineStart = at;
  for (let i = at; i < next; i += 1) {
    const unit = text[i];
    if (unit === '\n' || (unit === '\r' && text[i + 1] !== '\n')) {
      lineEnds += 1;
      lineStart = i + 1;
    } else if (unit === '\f' || unit === '\u2029') lineEnds += 1;
  }
  if (lineEnds > 1) return true;
  BEGINS_LINE_OF_ITS_OWN.lastIndex = lineStart;
  HEADING_LINE.lastIndex = start;
  return BEGINS_LINE_OF_ITS_OWN.test(text) || HEADING_LINE.test(text);
}

/** Whether the terminators from `at` to `end` end the sentence that began at `start`. */
function terminatorEndsSentence(
  text: string,
  { start, at, end, next, hasCapitals }: Place & { readonly end: number; readonly hasCapitals: boolean },
): boolean {
  if (next >= text.length) return true;
  if (next === end) return ENDS_WITHOUT_SPACE.has(text[at] ?? '');
  const following = String.fromCodePoint(text.codePointAt(next) ?? 0);
  const standsAlone = isWhitespace(text.charCodeAt(at - 1));
  if (hasCapitals && !standsAlone && LOWER_CASE.test(following)) return false;
  if (text[at] !== '.' || standsAlone || text[at + 1] === '.') return true;

  const wordStart = startOfWord(text, start, at);
  const word = text.slice(wordStart, at);
  if (wordStart === start && LIST_NUMBER.test(word)) return false;
  if (INITIAL.test(word) || DOTTED.test(word)) return false;
  const lower = word.toLowerCase();
  return !ABBREVIATIONS.has(lower) && !(ABBREVIATIONS_BEFORE_NUMBERS.has(lower) && /\d/.test(following));
}

function endOfTerminators(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && TERMINATORS.has(text[end] ?? '')) end += 1;
  while (end < text.length && CLOSERS.has(text[end] ?? '')) end += 1;
  return end;
}

/** The line ends before `next` have been judged together; the next candidate comes after the last of them. */
function endOfLineEnds(text: string, at: number, next: number): number {
  let end = at + 1;
  for (let i = end; i < next; i += 1) if (text[i] === '\n' || text[i] === '\r') end = i + 1;
  return end;
}

/** Looks back over at most `MAX_WORD` units; a longer word is no abbreviation. */
function startOfWord(text: string, start: number, at: number): number {
  const earliest = Math.max(start, at - MAX_WORD);
  let wordStart = at;
  while (wordStart > earliest && !isWordBoundary(text, wordStart - 1)) wordStart -= 1;
  return wordStart;
}

function isWordBoundary(text: string, at: number): boolean {
  return isWhitespace(text.charCodeAt(at)) || '([{"\'“‘«-–—/'.includes(text[at] ?? ' ');
}

function skipWhitespace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isWhitespace(text.charCodeAt(at))) at += 1;
  return at;
}

/** A span without the whitespace at its ends; empty at its end where it has nothing else. */
export function trimSpan(text: string, span: SentenceSpan): SentenceSpan {
  const end = trimEnd(text, span.start, span.end);
  const start = Math.min(end, skipWhitespace(text, span.start));
  return { start, end };
}

function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isWhitespace(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

/** Whether a UTF-16 unit is whitespace, exactly as `\s` and `String.prototype.trim` have it. */
export function isWhitespace(unit: number): boolean {
  if (unit <= 0x20) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  if (unit < 0xa0) return false;
  return (
    unit === 0xa0 ||
    unit === 0x1680 ||
    (unit >= 0x2000 && unit <= 0x200a) ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000 ||
    unit === 0xfeff
  );
}
