import { CitestreamError } from '../errors.ts';
import type { HeadingPosition, Metadata, PagePosition } from './document.ts';

/** What a reader makes of a file: its text, and where in it pages and headings begin. */
export interface ParsedText {
  /** What the document calls itself; absent where it does not say. */
  readonly title?: string;
  readonly text: string;
  readonly pages: readonly PagePosition[];
  readonly headings: readonly HeadingPosition[];
  readonly metadata: Metadata;
}

/** Makes text of a file's bytes; throws UNREADABLE_DOCUMENT with a reason that its owner understands. */
export type Reader = (bytes: Uint8Array) => ParsedText | Promise<ParsedText>;

/** The error of a file that cannot be read: the reason is a sentence for the file's owner. */
export function unreadable(reason: string, cause?: unknown): CitestreamError {
  return new CitestreamError('UNREADABLE_DOCUMENT', reason, { cause });
}
