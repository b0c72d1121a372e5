import type { Citation, Source } from './citation.ts';
import { CitationParser, type ParsedPiece } from './citation-parser.ts';
import type { QueryEvent } from './query-event.ts';
import { claimBefore, type SupportCheck } from './support-check.ts';

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
  #text = '';
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
      this.#text += piece.text;
      return { type: 'token', text: piece.text };
    });
  }

  #cite(id: number, at: number): Citation {
    const source = this.#sources[id - 1];
    if (source === undefined) throw new RangeError(`Source ${id} was never given.`);
    const isSameClaim = this.#markersEnd !== -1 && this.#text.slice(this.#markersEnd, at).trim() === '';
    if (!isSameClaim) {
      this.#claim = claimBefore(this.#text.slice(0, at));
      this.#sameClaim = [];
    }
    const support = this.#supportCheck({ claim: this.#claim, source, alsoCited: this.#sameClaim });
    this.#sameClaim.push(source);
    this.#markersEnd = at + `[${id}]`.length;
    this.#cited.add(id);
    return { id, chunkId: source.chunkId, at, support };
  }
}
