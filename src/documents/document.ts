/** A value a filter can compare; lists hold values of one kind. */
export type MetadataValue = string | number | boolean | readonly string[] | readonly number[];

/** What a document says of itself beyond its text; every chunk of it can be filtered by it. */
export type Metadata = Readonly<Record<string, MetadataValue>>;

/** Where something begins in a document's text, in UTF-16 units; it reaches to the next one's start. */
export interface PagePosition {
  readonly page: number;
  readonly start: number;
}

/** A heading and where it begins; `path` is the heading with those above it: `Guide › Setup`. */
export interface HeadingPosition {
  readonly path: string;
  readonly start: number;
}

/** A piece of a document's text: `text` is exactly `document.text.slice(start, end)`. */
export interface Chunk {
  /** Derived from the document's id, its content hash and the index. */
  readonly id: string;
  readonly index: number;
  readonly text: string;
  /** Offsets into the document's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** How many tokens `text` has, so that nobody has to count them again on the event loop. */
  readonly tokens: number;
  /** The path of the heading it stands under, where the document has headings. */
  readonly heading?: string;
  /** The page its start stands on, from 1, where the document has pages. */
  readonly page?: number;
}

/** A document as it is listed (a file, or one line of a JSON Lines file): everything but its text. */
export interface DocumentRecord {
  /** Derived from `source` alone, so that a changed document keeps its id. */
  readonly id: string;
  /** Where it came from on this machine: an absolute path, with `#id` for a line of a JSON Lines file. */
  readonly source: string;
  /** What readers are shown: a path relative to what was ingested; never an absolute path. */
  readonly uri: string;
  readonly title: string;
  readonly mediaType: string;
  /** The size of the original, in bytes. */
  readonly bytes: number;
  /** SHA-256 over the original and the settings it was read and split with; equal means unchanged. */
  readonly contentHash: string;
  readonly metadata: Metadata;
  /** How many chunks it has. */
  readonly chunks: number;
  /** When this version was stored, ISO 8601. */
  readonly ingestedAt: string;
}

/** A chunk as it is stored: with the facts about its document that a reader needs beside it. */
export interface StoredChunk extends Chunk {
  readonly documentId: string;
  readonly title: string;
  readonly uri: string;
  readonly metadata: Metadata;
}

/** A stored chunk and how well it matched; higher is better, comparable within one answer only. */
export interface ScoredChunk {
  readonly chunk: StoredChunk;
  readonly score: number;
}
