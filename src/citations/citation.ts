/** How far a cited passage bears out the sentence that cites it. */
export type Support = 'supported' | 'weak' | 'unsupported' | 'unchecked';

/** A numbered piece of a retrieved chunk, as the model is shown it. */
export interface Source {
  /** The n of `[n]`, from 1, over all pieces. */
  readonly id: number;
  readonly chunkId: string;
  readonly documentId: string;
  readonly title: string;
  readonly uri: string;
  readonly page?: number;
  readonly heading?: string;
  /** Offsets of this piece into the document's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly score: number;
  readonly text: string;
}

/** A checked `[n]` of an answer. */
export interface Citation {
  /** The source's id. */
  readonly id: number;
  readonly chunkId: string;
  /** The offset of the marker's `[` in the answer, in UTF-16 units. */
  readonly at: number;
  readonly support: Support;
}
