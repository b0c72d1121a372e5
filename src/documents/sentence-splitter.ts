import { InvalidInputError } from '../errors.ts';
import { countTokens as countTokensOfModels } from './count-tokens.ts';
import { trimSpan } from './split-sentences.ts';
import { dividePiece, splitBlocks, type TextPiece } from './text-pieces.ts';

/** A chunk's place in its text: `text.slice(start, end)`, which has `tokens` tokens. */
export interface TextSpan {
  /** In UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

/** How large chunks may be, and how tokens are counted. */
export interface SentenceSplitterOptions {
  /** The most tokens of a chunk. @default 512 */
  readonly chunkSize?: number;
  /** The most tokens that a chunk repeats of the one before it, in whole pieces. @default 20 */
  readonly chunkOverlap?: number;
  /** @default `countTokens`, which counts as OpenAI's `cl100k_base` does */
  readonly countTokens?: (text: string) => number;
}

interface MeasuredPiece extends TextPiece {
  readonly tokens: number;
}

/** Longer texts are not tried whole: counting them once more would hardly ever pay. */
const MAX_UNITS_PER_TOKEN = 8;

/**
 * Splits texts into chunks as LlamaIndex's `SentenceSplitter` does: paragraphs and code blocks stay whole where they
 * fit, then sentences, then clauses, then words; only a word that is too large by itself is cut. Nothing but
 * whitespace is left out, only a single character may exceed `chunkSize`, and the cost is linear in the text.
 */
export class SentenceSplitter {
  readonly chunkSize: number;
  readonly chunkOverlap: number;
  readonly #countTokens: (text: string) => number;

  /** Throws INVALID_INPUT for sizes that cannot work together. */
  constructor(options: SentenceSplitterOptions = {}) {
    const { chunkSize = 512, chunkOverlap = 20, countTokens = countTokensOfModels } = options;
    if (!Number.isSafeInteger(chunkSize) || chunkSize < 1) {
      throw new InvalidInputError(`chunkSize is ${chunkSize}: give a whole number of tokens, at least 1.`, {
        field: 'chunkSize',
      });
    }
    if (!Number.isSafeInteger(chunkOverlap) || chunkOverlap < 0 || chunkOverlap >= chunkSize) {
      throw new InvalidInputError(
        `chunkOverlap is ${chunkOverlap}: give a whole number of tokens, at least 0 and less than chunkSize (${chunkSize}).`,
        { field: 'chunkOverlap' },
      );
    }
    this.chunkSize = chunkSize;
    this.chunkOverlap = chunkOverlap;
    this.#countTokens = countTokens;
  }

  /** The chunks of a text, in order; none for a text of whitespace. */
  split(text: string): readonly TextSpan[] {
    if (text.length <= this.chunkSize * MAX_UNITS_PER_TOKEN) {
      const whole = this.#measureSpan(text, 0, text.length);
      if (whole === undefined) return [];
      if (whole.tokens <= this.chunkSize) return [whole];
    }
    return this.#pack(text);
  }

  /** Fills chunk after chunk with pieces from a stack, which those that do not fit go back to. */
  #pack(text: string): readonly TextSpan[] {
    const spans: TextSpan[] = [];
    const stack: TextPiece[] = splitBlocks(text).toReversed();
    const chunk = new GatheredPieces();
    for (;;) {
      const next = stack.pop();
      if (next !== undefined) {
        const piece = this.#measurePiece(text, next);
        if (piece === undefined) continue;
        if (piece.tokens > this.chunkSize && pushFiner(text, piece, stack)) continue;
        if (!chunk.hasNew) chunk.makeRoom(this.chunkSize - piece.tokens);
        if (!chunk.hasNew || chunk.tokens + piece.tokens <= this.chunkSize) {
          chunk.add(piece);
          continue;
        }
        stack.push(piece);
      }
      if (!chunk.hasNew) return spans;
      const span = this.#close(text, chunk, stack);
      if (span !== undefined) spans.push(span);
      chunk.beginNext(span === undefined ? 0 : this.chunkOverlap);
    }
  }

  /**
   * The sum of the pieces' counts is only nearly the count of their text, and that has to fit: what is too much is
   * given back. Returns nothing where a single piece was too much, which is then on the stack in finer pieces.
   */
  #close(text: string, chunk: GatheredPieces, stack: TextPiece[]): TextSpan | undefined {
    for (;;) {
      const span = this.#measureSpan(text, chunk.start, chunk.end);
      if (span === undefined || span.tokens <= this.chunkSize) return span;
      const surplus = chunk.removeSurplus();
      if (surplus !== undefined) {
        if (surplus.isNew) stack.push(surplus.piece);
      } else {
        return pushFiner(text, chunk.last, stack) ? undefined : span;
      }
    }
  }

  /** Counts a piece with the whitespace before it, as it adds to a chunk; alone it has to fit without. */
  #measurePiece(text: string, piece: TextPiece): MeasuredPiece | undefined {
    if ('tokens' in piece) return piece as MeasuredPiece;
    const { start, end } = trimSpan(text, piece);
    if (start === end) return undefined;
    const tokens = this.#countTokens(text.slice(piece.start, end));
    const fits = tokens <= this.chunkSize || start === piece.start;
    return { ...piece, end, tokens: fits ? tokens : this.#countTokens(text.slice(start, end)) };
  }

  #measureSpan(text: string, start: number, end: number): TextSpan | undefined {
    const span = trimSpan(text, { start, end });
    if (span.start === span.end) return undefined;
    return { ...span, tokens: this.#countTokens(text.slice(span.start, span.end)) };
  }
}

/** The pieces of the chunk that is being filled; the first ones may repeat the end of the one before. */
class GatheredPieces {
  #pieces: MeasuredPiece[] = [];
  #repeated = 0;
  tokens = 0;

  get hasNew(): boolean {
    return this.#pieces.length > this.#repeated;
  }

  get start(): number {
    return this.#pieces[0]?.start ?? 0;
  }

  get end(): number {
    return this.#pieces.at(-1)?.end ?? 0;
  }

  get last(): MeasuredPiece {
    const last = this.#pieces.at(-1);
    if (last === undefined) throw new RangeError('nothing is gathered');
    return last;
  }

  add(piece: MeasuredPiece): void {
    this.#pieces.push(piece);
    this.tokens += piece.tokens;
  }

  /** Forgets repeated pieces, the first ones first, until no more than `tokens` are left. */
  makeRoom(tokens: number): void {
    while (this.#repeated > 0 && this.tokens > tokens) this.removeSurplus();
  }

  /** Takes away what can be missed most: a repeated piece, else the last of several. */
  removeSurplus(): { readonly piece: MeasuredPiece; readonly isNew: boolean } | undefined {
    const isNew = this.#repeated === 0;
    if (isNew && this.#pieces.length < 2) return undefined;
    const piece = isNew ? this.#pieces.pop() : this.#pieces.shift();
    if (piece === undefined) return undefined;
    if (!isNew) this.#repeated -= 1;
    this.tokens -= piece.tokens;
    return { piece, isNew };
  }

  /** Keeps the last whole pieces that come to no more than `overlap` tokens, never all of them. */
  beginNext(overlap: number): void {
    let kept = this.#pieces.length;
    let tokens = 0;
    for (let index = kept - 1; index > 0; index -= 1) {
      tokens += this.#pieces[index]?.tokens ?? 0;
      if (tokens > overlap) break;
      kept = index;
    }
    this.#pieces = this.#pieces.slice(kept);
    this.#repeated = this.#pieces.length;
    this.tokens = this.#pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  }
}

function pushFiner(text: string, piece: TextPiece, stack: TextPiece[]): boolean {
  const finer = dividePiece(text, piece);
  for (const part of finer.toReversed()) stack.push(part);
  return finer.length > 0;
}
