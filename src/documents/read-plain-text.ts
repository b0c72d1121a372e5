import { decodeText } from './decode-text.ts';
import type { ParsedText } from './parsed-text.ts';

/** Reads a text file as it is. */
export function readPlainText(bytes: Uint8Array): ParsedText {
  return { text: decodeText(bytes), pages: [], headings: [], metadata: {} };
}
