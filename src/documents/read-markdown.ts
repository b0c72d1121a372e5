import { decodeText } from './decode-text.ts';
import { readFrontMatter } from './front-matter.ts';
import { markdownHeadings } from './markdown-headings.ts';
import type { ParsedText } from './parsed-text.ts';

/** Reads a Markdown file; its text is the source itself, so that offsets lead to the passage in the file. */
export function readMarkdown(bytes: Uint8Array): ParsedText {
  const text = decodeText(bytes);
  const { metadata, end } = readFrontMatter(text);
  const { title: ownTitle, ...rest } = metadata;
  const { headings, firstTitle } = markdownHeadings(text, end);
  const title = typeof ownTitle === 'string' && ownTitle.trim() !== '' ? ownTitle : firstTitle;
  return { ...(title === undefined ? {} : { title }), text, pages: [], headings, metadata: rest };
}
