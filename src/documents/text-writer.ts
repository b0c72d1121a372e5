import { oneLine } from './heading-outline.ts';

/** A place in the text that is being written. */
export interface Mark {
  readonly part: number;
  readonly offset: number;
}

const WHITESPACE = /\s+/g;
/** What the beginning of a line brings with it, and no title holds. */
const LINE_BEGINNING = /^\s*(?:\| )*(?:- )?/;
/** A title is cut long before, and headings can be nested in headings. */
const MAX_TITLE_PARTS = 100;
/** Where a word may be broken, which is not shown. */
const INVISIBLE = /[\u00ad\u200b\u2060]/g;

/** Puts text together as a browser lays it out: whitespace collapses, line ends join, cells are parted by `|`. */
export class TextWriter {
  readonly #parts: string[] = [];
  #length = 0;
  #lineEnds = 0;
  #space = false;
  #prefix = '';
  #cellsOfRow = 0;
  #separators = 0;

  /** Adds text; `asIs` keeps its whitespace. */
  write(text: string, asIs = false): void {
    const shown = text.replace(INVISIBLE, '');
    if (asIs) {
      if (shown !== '') this.#add(shown);
      return;
    }
    const collapsed = shown.replace(WHITESPACE, ' ');
    const content = collapsed.trim();
    if (collapsed.startsWith(' ')) this.#space = true;
    if (content === '') return;
    this.#add(content);
    this.#space = collapsed.endsWith(' ');
  }

  /** What comes next begins a line; 2 leaves a blank one before it. */
  breakLine(lineEnds: number): void {
    this.#lineEnds = Math.max(this.#lineEnds, lineEnds);
    if (lineEnds > 0) this.#separators = 0;
  }

  /** Ends the line; twice leaves a blank one. */
  addLineEnd(): void {
    this.#lineEnds = Math.min(2, this.#lineEnds + 1);
  }

  /** Written before what comes next, if anything does. */
  setPrefix(prefix: string): void {
    this.#prefix = prefix;
  }

  beginRow(): void {
    this.#cellsOfRow = 0;
  }

  beginCell(): void {
    if (this.#cellsOfRow > 0) this.#separators += 1;
    this.#cellsOfRow += 1;
  }

  mark(): Mark {
    return { part: this.#parts.length, offset: this.#length };
  }

  /** What was written since a mark, in one line, and where it begins. */
  since(mark: Mark): { readonly title: string; readonly start: number } {
    const written = this.#parts.slice(mark.part, mark.part + MAX_TITLE_PARTS).join('');
    const beginning = LINE_BEGINNING.exec(written)?.[0].length ?? 0;
    return { title: oneLine(written.slice(beginning)), start: mark.offset + beginning };
  }

  /** The whole text. */
  finish(): string {
    return this.#parts.join('').trimEnd();
  }

  #add(text: string): void {
    if (this.#length > 0 && this.#lineEnds > 0) this.#push('\n'.repeat(this.#lineEnds));
    const startsLine = this.#length === 0 || this.#lineEnds > 0;
    if (this.#separators > 0) this.#push(`${startsLine ? '' : ' '}${'| '.repeat(this.#separators)}`);
    else if (this.#space && !startsLine) this.#push(' ');
    this.#push(this.#prefix + text);
    this.#lineEnds = 0;
    this.#separators = 0;
    this.#space = false;
    this.#prefix = '';
  }

  #push(part: string): void {
    this.#parts.push(part);
    this.#length += part.length;
  }
}
