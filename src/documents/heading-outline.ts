import type { HeadingPosition } from './document.ts';

const SEPARATOR = ' › ';
const MAX_TITLE_UNITS = 200;

/** Collects headings in the order of the text and gives each the path of those above it. */
export class HeadingOutline {
  readonly positions: HeadingPosition[] = [];
  #open: { readonly level: number; readonly title: string }[] = [];

  /** A heading of a level from 1 that begins at `start`; one without a title is left out. */
  add(level: number, title: string, start: number): void {
    const shown = oneLine(title).slice(0, MAX_TITLE_UNITS).trimEnd();
    if (shown === '') return;
    this.#open = [...this.#open.filter((above) => above.level < level), { level, title: shown }];
    this.positions.push({ path: this.#open.map(({ title }) => title).join(SEPARATOR), start });
  }
}

/** A title as it is shown: every run of whitespace is one space. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
