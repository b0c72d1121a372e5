import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

import type { HeadingPosition } from './document.ts';
import { HeadingOutline } from './heading-outline.ts';

/**
 * Finds the headings of a Markdown source line by line, so that the cost is linear: whole Markdown parsers take
 * quadratic time for some inputs. Only the line of a heading is given to one.
 */

const FENCE = /^[ \t]*(`{3,}|~{3,})/;
/** `[^]` and not `.`: a line can hold a U+2028, and to fail there after many spaces would take quadratic time. */
const ATX_HEADING = /^ {0,3}(#{1,6})(?:[ \t]+([^]*))?$/;
const SETEXT_UNDERLINE = /^ {0,3}(?:(=+)|-+)[ \t]*$/;
/** Lines that belong to no paragraph which an underline could make a heading. */
const NO_PARAGRAPH = /^(?: {4}|\t| {0,3}(?:[>|<]|[-*+][ \t]|\d{1,9}[.)][ \t]))/;
const RAW_HTML = /^ {0,3}<(!--|(?:pre|script|style|textarea)\b)/i;
const INLINE_MARKUP = /[\\`*_[\]<>&!~{]|#[ \t]*$/;
const MARKS = /[\\`*_[\]]/g;
const HEADING_ID = /[ \t]{0,20}\{#[\w.:-]{1,100}\}[ \t]{0,20}$/;
const MAX_HEADING_UNITS = 500;
const MAX_PARAGRAPH_LINES = 3;
/** A Markdown parser takes up to some milliseconds for a heading: all together may not be more than this. */
const MAX_PARSED_UNITS = 200_000;

interface Line {
  readonly start: number;
  readonly text: string;
}

/** The headings from an offset on, and the first title: the first heading of the first level. */
export function markdownHeadings(
  source: string,
  from = 0,
): { readonly headings: readonly HeadingPosition[]; readonly firstTitle: string | undefined } {
  const outline = new HeadingOutline();
  let firstTitle: string | undefined;
  let unparsed = MAX_PARSED_UNITS;
  let paragraph: Line[] = [];
  let ends: ((line: string) => boolean) | undefined;

  for (const line of linesOf(source, from)) {
    if (ends !== undefined) {
      if (ends(line.text)) ends = undefined;
      continue;
    }
    ends = endOfLiteral(line.text);
    if (ends !== undefined) {
      paragraph = [];
      continue;
    }
    const atx = ATX_HEADING.exec(line.text);
    const setext = paragraph.length > 0 ? SETEXT_UNDERLINE.exec(line.text) : null;
    if (atx !== null) {
      add(atx[1]?.length ?? 1, atx[2] ?? '', line.start);
      paragraph = [];
    } else if (setext !== null) {
      const title = paragraph.map(({ text }) => text.trim()).join(' ');
      add(setext[1] === undefined ? 2 : 1, title, paragraph[0]?.start ?? line.start);
      paragraph = [];
    } else if (
      line.text.trim() === '' ||
      NO_PARAGRAPH.test(line.text) ||
      paragraph.length === MAX_PARAGRAPH_LINES
    ) {
      paragraph = [];
    } else {
      paragraph.push(line);
    }
  }
  return { headings: outline.positions, firstTitle };

  function add(level: number, inline: string, start: number): void {
    const source = inline.slice(0, MAX_HEADING_UNITS).replace(HEADING_ID, '').trim();
    const title = plainInline(source);
    if (level === 1 && title !== '') firstTitle ??= title;
    outline.add(level, title, start);
  }

  /** A heading as it is shown, without its markup. */
  function plainInline(source: string): string {
    if (!INLINE_MARKUP.test(source)) return source;
    unparsed -= source.length;
    return unparsed < 0 ? source.replace(MARKS, '') : plainText(fromMarkdown(`# ${source}`)).trim();
  }
}

/** For the first line of code or raw HTML: what tells its last line. */
function endOfLiteral(line: string): ((line: string) => boolean) | undefined {
  const fence = FENCE.exec(line)?.[1];
  if (fence !== undefined) {
    // A backtick after the fence makes it inline code.
    if (fence.startsWith('`') && line.slice(line.indexOf(fence) + fence.length).includes('`'))
      return undefined;
    return (next) => {
      const closing = FENCE.exec(next)?.[1];
      return closing?.startsWith(fence) === true && next.trim() === closing;
    };
  }
  const raw = RAW_HTML.exec(line)?.[1]?.toLowerCase();
  if (raw === undefined) return undefined;
  const end = raw === '!--' ? '-->' : `</${raw}>`;
  if (line.toLowerCase().includes(end)) return undefined;
  return (next) => next.toLowerCase().includes(end);
}

function plainText(node: Nodes): string {
  if (node.type === 'html') return '';
  if ('value' in node) return node.value;
  if ('alt' in node) return node.alt ?? '';
  return 'children' in node ? node.children.map(plainText).join('') : '';
}

function* linesOf(source: string, from: number): Generator<Line> {
  for (let start = from; start < source.length;) {
    const newline = source.indexOf('\n', start);
    const end = newline === -1 ? source.length : newline;
    const last = source[end - 1] === '\r' ? end - 1 : end;
    yield { start, text: source.slice(start, Math.max(start, last)) };
    start = end + 1;
  }
}
