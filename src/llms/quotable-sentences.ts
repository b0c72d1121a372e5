import { splitSentences } from '../documents/split-sentences.ts';

/** A sentence that can stand in an answer as it is. */
export interface QuotableSentence {
  /** Verbatim, Markdown included; only line breaks and runs of spaces have become one space. */
  readonly text: string;
  /** The heading it stands under in this text, `''` where there is none. */
  readonly heading: string;
  /** Counts paragraphs and list items; sentences of one block follow each other. */
  readonly block: number;
  readonly isFirstOfBlock: boolean;
  /** The code that its block leads to, `''` where there is none. */
  readonly code: string;
}

/** What a text is part of. */
export interface TextPlace {
  /** The title of its document, which is no sentence of it. */
  readonly title?: string;
  /** The heading that its beginning stands under, with those above it. */
  readonly heading?: string;
}

interface Block {
  readonly start: number;
  end: number;
  readonly heading: string;
  code: string;
}

const HEADING_PATH_SEPARATOR = ' › ';
const MIN_CHARACTERS = 20;
const MIN_WORDS = 4;
const MIN_UNSPACED_CHARACTERS = 8;
const MAX_CHARACTERS = 480;
const MIN_LETTER_SHARE = 0.55;

const FENCE = /^\s*(?:>\s*)?(`{3,}|~{3,})(.*)$/;
const HEADING = /^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$/;
const UNDERLINE = /^\s{0,3}(?:=+|-{2,})\s*$/;
const LIST_ITEM = /^\s*(?:[-*+•‣◦]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?/;
const QUOTE_SIGN = /^\s*(?:>\s?)+/;
const TABLE_ROW = /^\s*\||\|\s*$|\S\s*\|[^|]*\|\s*\S/;
const RULE = /^\s*(?:[-*_=~+#.]\s*){3,}$/;
const MARKUP_LINE = /^\s*<[!/a-zA-Z][^>]*>?.*>\s*$|^\s*<!--/;
const LINK_DEFINITION = /^\s*\[[^\]]+\]:\s/;
const LINKS_ALONE =
  /^[\s|·•›»,*+-]*(?:!?\[(?:!\[[^\]]*\]\([^)]*\)|[^\]]*)\](?:\([^)]*\)|\[[^\]]*\])[\s|·•›»,-]*)+$/;
/** A link and what it leads to: an entry of a list of links. */
const LINK_ENTRY = /^\W*\[[^\]]+\](?:\([^)]*\)|\[[^\]]*\])\W{0,3}(?::|\s[–—-])\s/;
const CRUMBS = /\s[›»|·→/>]\s.*\s[›»|·→/>]\s/;
const CODE_SIGNS = /[{}();=<>$|\\[\]&]/g;
const CODE_SHARE = 0.16;
const CODE_LINE =
  /^\s*(?:\$ |>>> |(?:const|let|var|import|export|function|class|def|return|if|for|while)\b.*[;:{})]\s*$)/;
const TRAILING_BREAK = /(?:\s*(?:<br\s*\/?>|\\))+\s*$/i;
const CODE_SPAN = /(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** The sentences of a text that read well by themselves: no titles, headings, tables, code, navigation or bare links. */
export function quotableSentences(text: string, place: TextPlace = {}): readonly QuotableSentence[] {
  const title = lettersOf(place.title ?? '');
  return blocksOf(text, place.heading).flatMap(({ start, end, heading, code }, block) => {
    const content = text.slice(start, end);
    const sentences = splitSentences(content).flatMap((span) => inParts(content.slice(span.start, span.end)));
    return sentences.flatMap((sentence, index) => {
      const quote = sentence.replaceAll(/\s+/g, ' ').replace(TRAILING_BREAK, '').trim();
      return isQuotable(quote) && lettersOf(quote) !== title
        ? [{ text: quote, heading, block, isFirstOfBlock: index === 0, code }]
        : [];
    });
  });
}

/** Paragraphs and list items, as offsets, without the signs before them. */
function blocksOf(text: string, headingPath = ''): readonly Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  let heading = headingPath.split(HEADING_PATH_SEPARATOR).at(-1) ?? '';
  /** What leads to the code that may follow. */
  let lead: Block | undefined;
  let fence = beginsInCode(text) ? '`' : '';
  let lineStart = 0;
  const close = (): void => {
    open = undefined;
  };
  const begin = (start: number, end: number): void => {
    open = { start, end, heading, code: '' };
    lead = open;
    blocks.push(open);
  };
  for (const line of text.split('\n')) {
    const lineEnd = lineStart + line.length;
    const [, fenceSigns] = FENCE.exec(line) ?? [];
    if (fence !== '') {
      if (fenceSigns?.startsWith(fence) === true) {
        fence = '';
        lead = undefined;
      } else if (lead !== undefined) lead.code += `${line}\n`;
    } else if (fenceSigns !== undefined) {
      fence = fenceSigns.charAt(0);
      close();
    } else if (HEADING.test(line)) {
      heading = HEADING.exec(line)?.[1] ?? '';
      lead = undefined;
      close();
    } else if (
      UNDERLINE.test(line) &&
      open !== undefined &&
      !text.slice(open.start, open.end).includes('\n')
    ) {
      heading = text.slice(open.start, open.end).trim();
      blocks.pop();
      lead = undefined;
      close();
    } else if (line.trim() === '' || !isProseLine(line)) close();
    else {
      const sign = LIST_ITEM.exec(line) ?? QUOTE_SIGN.exec(line);
      if (sign !== null) begin(lineStart + sign[0].length, lineEnd);
      else if (open === undefined) begin(lineStart, lineEnd);
      else open.end = lineEnd;
    }
    lineStart = lineEnd + 1;
  }
  return blocks;
}

/** Whether a piece of a longer text begins inside a code block: its first fence closes one. */
function beginsInCode(text: string): boolean {
  const fences = text.split('\n').flatMap((line) => FENCE.exec(line)?.[2] ?? []);
  return fences.length % 2 === 1 && fences[0]?.trim() === '';
}

function isProseLine(line: string): boolean {
  if (TABLE_ROW.test(line) || RULE.test(line) || MARKUP_LINE.test(line) || LINK_DEFINITION.test(line))
    return false;
  return (
    !LINKS_ALONE.test(line) &&
    !LINK_ENTRY.test(line.replace(LIST_ITEM, '')) &&
    !CRUMBS.test(line) &&
    !isCode(line)
  );
}

function isCode(line: string): boolean {
  if (CODE_LINE.test(line)) return true;
  const prose = line.replaceAll(CODE_SPAN, 'code').replaceAll(/\]\([^)]*\)/g, ']');
  return (prose.match(CODE_SIGNS)?.length ?? 0) > prose.length * CODE_SHARE;
}

function lettersOf(text: string): string {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '');
}

/** A sentence too long to quote in one is quoted in the parts its semicolons and lines make. */
function inParts(sentence: string): readonly string[] {
  return sentence.length <= MAX_CHARACTERS ? [sentence] : sentence.split(/(?<=;)\s+|\n/);
}

function isQuotable(sentence: string): boolean {
  if (sentence.length > MAX_CHARACTERS) return false;
  // Behind a backtick that is open or escaped, a citation would be code.
  if (sentence.includes('\\`') || sentence.replaceAll(CODE_SPAN, '').includes('`')) return false;
  const isLong = UNSPACED.test(sentence)
    ? sentence.length >= MIN_UNSPACED_CHARACTERS
    : sentence.length >= MIN_CHARACTERS && sentence.split(' ').length >= MIN_WORDS;
  const letters = sentence.match(/\p{L}/gu)?.length ?? 0;
  return isLong && letters >= sentence.length * MIN_LETTER_SHARE;
}
