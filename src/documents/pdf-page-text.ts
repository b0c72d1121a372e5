/** A run of text as a PDF page draws it. */
export interface PdfTextItem {
  readonly str: string;
  /** Whether the line ends after it. */
  readonly hasEOL: boolean;
  readonly height: number;
  /** The last two are where it begins, from the left and from the bottom. */
  readonly transform: readonly unknown[];
}

interface Line {
  text: string;
  readonly bottom: number;
  readonly height: number;
}

/** Lines farther apart than this many times their height belong to two paragraphs. */
const PARAGRAPH_GAP = 1.9;
const ENDS_HYPHENATED = /\p{Ll}[-\u2010]$/u;
const BEGINS_LOWER_CASE = /^\p{Ll}/u;
const SOFT_HYPHEN = /\u00ad/g;

/** The text of a page: its lines in the order it draws them, words that were cut at a line's end put together. */
export function pdfPageText(items: readonly PdfTextItem[]): string {
  const lines = linesOf(items).filter(({ text }) => text !== '');
  const parts: string[] = [];
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1];
    if (before !== undefined) {
      const last = parts.at(-1) ?? '';
      const isParagraph = isApart(before, line);
      const isCut =
        last.endsWith('\u00ad') ||
        (ENDS_HYPHENATED.test(last.slice(-2)) && BEGINS_LOWER_CASE.test(line.text));
      if (isCut && !isParagraph) parts[parts.length - 1] = last.slice(0, -1);
      else parts.push(isParagraph ? '\n\n' : '\n');
    }
    parts.push(line.text);
  }
  return parts.join('').replace(SOFT_HYPHEN, '').replaceAll('\0', '').toWellFormed().trim();
}

function linesOf(items: readonly PdfTextItem[]): Line[] {
  const lines: Line[] = [];
  let strings: string[] = [];
  let first: PdfTextItem | undefined;
  for (const item of items) {
    if (item.str.trim() !== '') first ??= item;
    strings.push(item.str);
    if (item.hasEOL) endLine();
  }
  endLine();
  return lines;

  function endLine(): void {
    if (first !== undefined) {
      const bottom = Number(first.transform[5]);
      lines.push({ text: strings.join('').replace(/\s+/g, ' ').trim(), bottom, height: first.height });
    }
    strings = [];
    first = undefined;
  }
}

/** Whether there is a blank line's room between two lines, or the text goes on elsewhere on the page. */
function isApart(before: Line, line: Line): boolean {
  const height = Math.max(1, Math.min(before.height, line.height));
  const down = before.bottom - line.bottom;
  return down > PARAGRAPH_GAP * height || down < -PARAGRAPH_GAP * height;
}
