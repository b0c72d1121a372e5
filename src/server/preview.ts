/** The most characters a preview has, its ellipsis included. */
export const PREVIEW_CHARS = 240;
const LATEST_SHARE = 0.7;

/** The beginning of a passage for a list: on one line, cut after a word where there is one near, never inside a character. */
export function previewOf(text: string): string {
  // Ten times what is shown is enough to begin with: passages are long, and previews are many.
  const beginning = text.slice(0, wholeCharacters(text, PREVIEW_CHARS * 10));
  const line = beginning.replaceAll(/\s+/gu, ' ').trim().toWellFormed();
  if (line.length <= PREVIEW_CHARS) return line;
  const room = PREVIEW_CHARS - 1;
  const space = line.lastIndexOf(' ', room);
  const end = space >= room * LATEST_SHARE ? space : wholeCharacters(line, room);
  return `${line.slice(0, end)}…`;
}

/** The last place at or before `end` that stands between two characters, not between two surrogates. */
function wholeCharacters(text: string, end: number): number {
  const before = text.charCodeAt(end - 1);
  return before >= 0xd800 && before <= 0xdbff ? end - 1 : end;
}
