import type { Citation, Source } from './citation.ts';
import { CitationParser, type ParsedPiece } from './citation-parser.ts';
import type { QueryEvent } from './query-event.ts';
import { claimBefore, MAX_CLAIM_CHARACTERS, type SupportCheck } from './support-check.ts';

/** What an answer is checked against. */
export interface CitedAnswerOptions {
  /** All that were given, by ascending id from 1. */
  readonly sources: readonly Source[];
  readonly supportCheck: SupportCheck;
}

/** A token or a citation of an answer. */
export type AnswerEvent = Extract<QueryEvent, { readonly type: 'token' | 'citation' }>;

/** An answer while it is written: parses its citations and checks each against the source it names. */
export class CitedAnswer {
  readonly #sources: readonly Source[];
  readonly #supportCheck: SupportCheck;
  readonly #parser: CitationParser;
  readonly #cited = new Set<number>();
  /** The end of the answer so far, as much as claims are looked for in. */
  #tail = '';
  #tailStart = 0;
  #claim = '';
  /** The sources cited for `claim` so far. */
  #sameClaim: Source[] = [];
  #markersEnd = -1;

  constructor({ sources, supportCheck }: CitedAnswerOptions) {
    this.#sources = sources;
    this.#supportCheck = supportCheck;
    this.#parser = new CitationParser(sources.length);
  }

  /** The ids of the sources cited so far, ascending. */
  get cited(): readonly number[] {
    return [...this.#cited].sort((a, b) => a - b);
  }

  /** Takes what the model wrote next; gives what readers may see of it. */
  push(text: string): readonly AnswerEvent[] {
    return this.#events(this.#parser.push(text));
  }

  /** The model has ended: gives what was held back. */
  end(): readonly AnswerEvent[] {
    return this.#events(this.#parser.end());
  }

  #events(pieces: readonly ParsedPiece[]): readonly AnswerEvent[] {
    return pieces.map((piece) => {
      if (piece.type === 'citation') return { type: 'citation', citation: this.#cite(piece.id, piece.at) };
      this.#append(piece.text);
      return { type: 'token', text: piece.text };
    });
  }

  #append(text: string): void {
    this.#tail += text;
    // Cut seldom, so that the cost of an answer stays linear.
    if (this.#tail.length <= 8 * MAX_CLAIM_CHARACTERS) return;
    const cut = this.#tail.length - 2 * MAX_CLAIM_CHARACTERS;
    this.#tail = this.#tail.slice(cut);
    this.#tailStart += cut;
  }

  #cite(id: number, at: number): Citation {
    const source = this.#sources[id - 1];
    if (source === undefined) throw new RangeError(`Source ${id} was never given.`);
    const before = this.#tail.slice(0, at - this.#tailStart);
    const isSameClaim =
      this.#markersEnd > this.#tailStart && before.slice(this.#markersEnd - this.#tailStart).trim() === '';
    if (!isSameClaim) {
      this.#claim = claimBefore(before);
      this.#sameClaim = [];
    }
    const support = this.#supportCheck({ claim: this.#claim, source, alsoCited: this.#sameClaim });
    this.#sameClaim.push(source);
    this.#markersEnd = at + `[${id}]`.length;
    this.#cited.add(id);
    return { id, chunkId: source.chunkId, at, support };
  }
}
