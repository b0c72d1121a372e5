import { createHash } from 'node:crypto';

/** Raised with every change to readers or splitter that changes what they make of a file: all is read anew then. */
const READER_VERSION = 1;
const ID_LENGTH = 24;

/** What the chunks of a document depend on beside its bytes. */
export interface SplitSettings {
  /** The most tokens of a chunk. */
  readonly chunkSize: number;
  /** The most tokens that a chunk repeats of the one before it. */
  readonly chunkOverlap: number;
}

/** The id of the document that comes from a source; safe in URLs and on command lines. */
export function documentId(source: string): string {
  return createHash('sha256').update(source).digest('hex').slice(0, ID_LENGTH);
}

/** The id of a chunk of one version of a document. */
export function chunkId(documentId: string, contentHash: string, index: number): string {
  return createHash('sha256')
    .update(`${documentId}\n${contentHash}\n${index}`)
    .digest('hex')
    .slice(0, ID_LENGTH);
}

/** Computes a content hash from a document's bytes in pieces; two that are equal were read and split alike. */
export class ContentHash {
  readonly #hash;

  constructor({ chunkSize, chunkOverlap }: SplitSettings) {
    this.#hash = createHash('sha256').update(`citestream ${READER_VERSION} ${chunkSize} ${chunkOverlap}\n`);
  }

  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}
