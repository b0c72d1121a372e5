import stringWidth from 'string-width';

/** How wide lines are, and what is done to what is shown. */
export interface WordWrapperOptions {
  readonly width: number;
  /** Called with all the text in order, a word or the space between two at a time; gives it with its colours. */
  readonly style?: (text: string) => string;
}

/** Scripts without spaces between words: a line may break before each character that is not closing punctuation. */
const UNSPACED = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]`;
const PIECES = new RegExp(
  String.raw`\n|[^\S\n]+|[\p{Ps}\p{Pi}]*${UNSPACED}[\p{M}\p{Pe}\p{Pf}\p{Po}ー]*|(?:(?!${UNSPACED})\S)+`,
  'gu',
);
const LIST_SIGN = /^(?:[-*+•]|\d{1,3}[.)])$/;
const HALF_CHARACTER = /[\uD800-\uDBFF]$/;
const TAB = '    ';

/**
 * Wraps text at words while it streams, without ever taking back what was written: a word is held until it is whole.
 * However the text is cut into pieces, the lines are the same. A word that is longer than a line is left whole, so
 * that addresses can be copied; the lines of a list item stand under its text.
 */
export class WordWrapper {
  readonly #width: number;
  readonly #style: (text: string) => string;
  /** The piece that may still grow. */
  #held = '';
  #space = '';
  #column = 0;
  #wordsInLine = 0;
  #indent = 0;
  #isListItem = false;

  constructor({ width, style = (text) => text }: WordWrapperOptions) {
    this.#width = width;
    this.#style = style;
  }

  /** The next part of the text; gives what can be written of it. */
  push(text: string): string {
    const all = this.#held + text;
    const half = HALF_CHARACTER.exec(all)?.[0] ?? '';
    const pieces = all.slice(0, all.length - half.length).match(PIECES) ?? [];
    this.#held = (pieces.pop() ?? '') + half;
    return pieces.map((piece) => this.#place(piece)).join('');
  }

  /** The text is over: gives what was held back. */
  end(): string {
    const rest = this.#held === '' ? '' : this.#place(this.#held);
    this.#held = '';
    return rest;
  }

  #place(piece: string): string {
    if (piece === '\n') return this.#breakLine();
    if (piece.trim() === '') {
      this.#space += piece.replaceAll('\t', TAB);
      return '';
    }
    // The style hears of spaces that a line's end swallows, too.
    const space = this.#style(this.#space);
    const start = this.#column + stringWidth(this.#space);
    const end = start + stringWidth(piece);
    this.#space = '';
    if (this.#wordsInLine > 0 && end > this.#width) {
      this.#column = this.#indent + end - start;
      return `\n${' '.repeat(this.#indent)}${this.#style(piece)}`;
    }
    this.#readIndent(piece, start);
    this.#wordsInLine += 1;
    this.#column = end;
    return space + this.#style(piece);
  }

  /** The first word of a line tells how far its other lines are indented, or the second where the first is a list sign. */
  #readIndent(word: string, column: number): void {
    if (this.#wordsInLine === 0) this.#isListItem = LIST_SIGN.test(word);
    if (this.#wordsInLine === 0 || (this.#wordsInLine === 1 && this.#isListItem)) {
      this.#indent = column <= this.#width / 2 ? column : 0;
    }
  }

  #breakLine(): string {
    this.#style(this.#space);
    this.#space = '';
    this.#column = 0;
    this.#wordsInLine = 0;
    this.#indent = 0;
    return this.#style('\n');
  }
}
