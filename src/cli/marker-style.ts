import { MarkdownScanner } from '../citations/markdown-scanner.ts';

/** A `[n]` that stands in prose, with the place it begins at. */
const MARKER = /\[\d+\]/y;

/** Colours the `[n]` of an answer, which is told to it in order, a word at a time; those in code are left as they are. */
export function createMarkerStyle(paint: (marker: string) => string): (text: string) => string {
  const scanner = new MarkdownScanner();
  return (text) => {
    let styled = '';
    for (let index = 0; index < text.length;) {
      MARKER.lastIndex = index;
      const marker = scanner.isProse && !scanner.isAfterLinkText ? MARKER.exec(text)?.[0] : undefined;
      const part = marker ?? text.charAt(index);
      styled += marker === undefined ? part : paint(part);
      for (const character of part.split('')) scanner.accept(character);
      index += part.length;
    }
    return styled;
  };
}
