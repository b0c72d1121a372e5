import { isLinkDefinition, mayBeMarker, readMarker } from './citation-marker.ts';
import { MarkdownScanner } from './markdown-scanner.ts';

/** A piece of an answer: text to show, or a citation whose marker was the end of the text before it. */
export type ParsedPiece =
  | { readonly type: 'text'; readonly text: string }
  /** `at` is the offset of the marker's `[` in the text that left the parser, in UTF-16 units. */
  | { readonly type: 'citation'; readonly id: number; readonly at: number };

/** A longer marker than this is text. */
const MAX_HELD_CHARACTERS = 240;

/** What a space before a dropped marker need not stand before. */
const NEEDS_NO_SPACE = /[\s.,;:!?)\]}”’»…。，、；：！？）」』】]/u;

/** A line that is nothing yet, or nothing but a marker that a colon or a target would make a link definition. */
const LINE_BEFORE_DEFINITION = /^[\s>*+-]{0,32}$/;
const LINE_IN_DEFINITION = /^[\s>*+-]{0,32}\[\d+\](?<colon>:[ \t]{0,3})?$/;
const MAX_LINE_HEAD = 64;

/** Where the letters and signs end that neither hold anything back nor end it. */
function endOfPlainText(text: string, start: number): number {
  let end = start;
  while (end < text.length && text.charAt(end) !== ' ' && text.charAt(end) !== '[') end += 1;
  return end;
}

/**
 * Finds the citations of an answer while it streams. What leaves is the answer with every marker in one form, `[1][2]`,
 * and without the numbers that were never given; brackets in code, links, definitions and escapes stay as they are.
 * However the answer is cut into pieces, text, citations and offsets are the same, and the parser's own output passes
 * through it unchanged.
 *
 * Method: nothing is told to the Markdown scanner until it leaves, so dropping a marker is forgetting what is held, and
 * the text after it is read as if the marker had never been there. At most one possible marker, the space before it
 * and the character after it are held; time is linear.
 */
export class CitationParser {
  readonly #sourceCount: number;
  readonly #scanner = new MarkdownScanner();
  /** A space, or a possible marker with the space before it; `''` when nothing is held. */
  #held = '';
  /** Whether `held` ends with a whole marker, and what follows decides if it is one. */
  #isClosed = false;
  /** Whether a marker has just been dropped behind `held`. */
  #hasDropped = false;
  /** Whether an open bracket had to leave before the marker that is held. */
  #isGlued = false;
  /** The beginning of the line that is being written. */
  #lineHead = '';
  #length = 0;
  #text = '';
  #pieces: ParsedPiece[] = [];

  /** Sources are numbered from 1 to `sourceCount`. */
  constructor(sourceCount: number) {
    this.#sourceCount = sourceCount;
  }

  /** The next part of the answer; gives what can be said of it already. */
  push(text: string): readonly ParsedPiece[] {
    let index = 0;
    while (index < text.length) {
      const end = this.#held === '' && !this.#hasDropped ? endOfPlainText(text, index) : index;
      if (end > index) this.#emit(text.slice(index, end));
      else this.#take(text.charAt(index));
      index = Math.max(end, index + 1);
    }
    return this.#takePieces();
  }

  /** The answer is over: gives what was held back. */
  end(): readonly ParsedPiece[] {
    if (this.#isClosed) this.#resolve();
    if (this.#hasDropped && this.#held === ' ') this.#held = '';
    this.#release();
    return this.#takePieces();
  }

  #take(character: string): void {
    if (this.#held === '') this.#begin(character);
    else if (this.#held === ' ') this.#takeAfterSpace(character);
    else if (this.#isClosed) this.#takeAfterMarker(character);
    else this.#takeInMarker(character);
  }

  #begin(character: string): void {
    const hasDropped = this.#hasDropped;
    this.#hasDropped = false;
    if (hasDropped && character === ' ' && this.#scanner.isLineStart) return;
    if (hasDropped && character === ':' && LINE_IN_DEFINITION.test(this.#lineHead)) this.#emit(' ');
    const mayHold = character === ' ' || (character === '[' && !this.#scanner.isAfterLinkText);
    if (mayHold && this.#scanner.isProse) this.#held = character;
    else this.#emit(character);
  }

  #takeAfterSpace(character: string): void {
    const hasDropped = this.#hasDropped;
    this.#hasDropped = false;
    if (character === '[') {
      this.#held += character;
      return;
    }
    const wouldDefine = character === ':' && LINE_IN_DEFINITION.test(this.#lineHead);
    if (hasDropped && NEEDS_NO_SPACE.test(character) && !wouldDefine) this.#held = '';
    else this.#release();
    this.#take(character);
  }

  #takeInMarker(character: string): void {
    const held = this.#held + character;
    if (character === ']') {
      const inside = held.slice(held.lastIndexOf('[') + 1, -1);
      const isEmpty = inside.trim() === '';
      if (isEmpty ? this.#hasDropped : readMarker(inside, this.#sourceCount) !== undefined) {
        this.#held = held;
        this.#isClosed = true;
        return;
      }
    } else if (character === '[' || mayBeMarker(held)) {
      this.#held = held;
      if (held.length > MAX_HELD_CHARACTERS) this.#overflow();
      return;
    }
    this.#release();
    this.#take(character);
  }

  #takeAfterMarker(character: string): void {
    const isDefinition = this.#isDefinition(character);
    if (isDefinition === undefined) {
      this.#held += character;
      return;
    }
    if (isDefinition || character === '(') this.#release();
    else this.#resolve();
    this.#take(character);
  }

  #isDefinition(character: string): boolean | undefined {
    if (!this.#held.startsWith('[') || this.#held.startsWith('[[')) return false;
    if (!LINE_BEFORE_DEFINITION.test(this.#lineHead)) return false;
    const after = this.#held.slice(this.#held.indexOf(']') + 1) + character;
    return after.startsWith(':') ? isLinkDefinition(after) : false;
  }

  /** What is held is a marker: its citations leave, or it is dropped where it names no source. */
  #resolve(): void {
    const held = this.#held;
    const open = held.lastIndexOf('[');
    const close = held.indexOf(']', open);
    const ids = readMarker(held.slice(open + 1, close), this.#sourceCount) ?? [];
    this.#held = held.slice(0, open);
    this.#isClosed = false;
    if (ids.length === 0) {
      this.#hasDropped = true;
      // What has left already must not become a marker or a definition together with what comes next.
      const isInDefinition =
        LINE_IN_DEFINITION.exec(this.#lineHead + this.#held)?.groups?.['colon'] !== undefined;
      if ((this.#held === '' && this.#isGlued) || isInDefinition) {
        this.#release();
        this.#emit('…');
      }
    } else this.#release();
    if (this.#held === '') this.#isGlued = false;
    for (const id of ids) this.#cite(id);
    for (const character of held.slice(close + 1)) this.#take(character);
  }

  #cite(id: number): void {
    const at = this.#length;
    this.#emit(`[${id}]`);
    this.#pushText();
    this.#pieces.push({ type: 'citation', id, at });
  }

  /** Too much is held: everything before the last bracket is text, and all of it where that bracket is the first. */
  #overflow(): void {
    const open = this.#held.lastIndexOf('[');
    const marker = this.#held.slice(open);
    if (marker.length > MAX_HELD_CHARACTERS / 2) this.#release();
    else {
      this.#emit(this.#held.slice(0, open));
      this.#held = marker;
      this.#isGlued = true;
    }
  }

  /** What is held is text. */
  #release(): void {
    const held = this.#held;
    this.#held = '';
    this.#isClosed = false;
    this.#hasDropped = false;
    this.#isGlued = false;
    this.#emit(held);
  }

  #emit(text: string): void {
    this.#text += text;
    this.#length += text.length;
    const newline = text.lastIndexOf('\n');
    if (newline !== -1) this.#lineHead = text.slice(newline + 1, newline + MAX_LINE_HEAD);
    else if (this.#lineHead.length < MAX_LINE_HEAD) this.#lineHead += text.slice(0, MAX_LINE_HEAD);
    for (let index = 0; index < text.length; index += 1) this.#scanner.accept(text.charAt(index));
  }

  #pushText(): void {
    if (this.#text === '') return;
    this.#pieces.push({ type: 'text', text: this.#text });
    this.#text = '';
  }

  #takePieces(): readonly ParsedPiece[] {
    this.#pushText();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}
