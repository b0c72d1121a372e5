import stringWidth from 'string-width';
import { printable } from './terminal.ts';

/** Text of documents on one line, without what steers a terminal. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/gu, ' ')).trim();
}

/** The beginning of a text on one line of so many columns, cut after a word where there is one near. */
export function excerpt(text: string, columns: number): string {
  // A column takes a character at least, but for marks that combine.
  const line = oneLine(text.slice(0, columns * 8));
  if (stringWidth(line) <= columns && text.length <= columns * 8) return line;
  let cut = '';
  let width = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(line)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    cut += segment;
  }
  const isWhole = line.charAt(cut.length) === ' ';
  const space = isWhole ? -1 : cut.lastIndexOf(' ');
  return `${space > cut.length * 0.7 ? cut.slice(0, space) : cut}…`;
}
