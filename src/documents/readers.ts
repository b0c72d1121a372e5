import { basename, extname } from 'node:path';

import { oneLine } from './heading-outline.ts';
import { type ParsedText, type Reader, unreadable } from './parsed-text.ts';

interface Format {
  readonly mediaType: string;
  /** Parsers are heavy: one is loaded when the first file of its format is read. */
  readonly load: () => Promise<Reader>;
}

const plainText = (mediaType: string): Format => ({
  mediaType,
  load: async () => (await import('./read-plain-text.ts')).readPlainText,
});
const markdown: Format = {
  mediaType: 'text/markdown',
  load: async () => (await import('./read-markdown.ts')).readMarkdown,
};
const html: Format = {
  mediaType: 'text/html',
  load: async () => (await import('./read-html.ts')).readHtml,
};
const pdf: Format = {
  mediaType: 'application/pdf',
  load: async () => (await import('./read-pdf.ts')).readPdf,
};
const docx: Format = {
  mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  load: async () => (await import('./read-docx.ts')).readDocx,
};

const FORMATS: Readonly<Record<string, Format>> = {
  '.txt': plainText('text/plain'),
  '.text': plainText('text/plain'),
  '.log': plainText('text/plain'),
  '.rst': plainText('text/x-rst'),
  '.adoc': plainText('text/asciidoc'),
  '.org': plainText('text/org'),
  '.tex': plainText('application/x-tex'),
  '.csv': plainText('text/csv'),
  '.tsv': plainText('text/tab-separated-values'),
  '.md': markdown,
  '.markdown': markdown,
  '.mdx': markdown,
  '.html': html,
  '.htm': html,
  '.xhtml': html,
  '.pdf': pdf,
  '.docx': docx,
};

const JSON_LINES: ReadonlySet<string> = new Set(['.jsonl', '.ndjson']);
const MAX_TITLE_UNITS = 300;

/** The extensions of the files that can be read, lower-case and with their dot. */
export const READABLE_EXTENSIONS: ReadonlySet<string> = new Set([...Object.keys(FORMATS), ...JSON_LINES]);

/** Whether a file holds one document a line, by its extension. */
export function isJsonLines(path: string): boolean {
  return JSON_LINES.has(extensionOf(path));
}

/** A file's text, with a title in any case and what kind of file it is. */
export interface ReadFile extends ParsedText {
  readonly title: string;
  readonly mediaType: string;
}

/** Reads a file's bytes by its extension; throws UNREADABLE_DOCUMENT with a reason that its owner understands. */
export async function readFileText(path: string, bytes: Uint8Array): Promise<ReadFile> {
  const format = FORMATS[extensionOf(path)];
  if (format === undefined) {
    const extension = extensionOf(path);
    throw unreadable(
      extension === ''
        ? 'The name of the file has no extension that tells its kind.'
        : `Files ending in "${extension}" are not read.`,
    );
  }
  if (bytes.length === 0) throw unreadable('The file is empty.');
  const read = await format.load();
  const parsed = await read(bytes);
  if (parsed.text.trim() === '') throw unreadable('The file has no text.');
  return {
    ...parsed,
    text: parsed.text.toWellFormed(),
    title: shownTitle(parsed.title ?? '', basename(path)),
    mediaType: format.mediaType,
  };
}

/** A title in one line and of bounded length; `otherwise` where it has no character. */
export function shownTitle(title: string, otherwise: string): string {
  const shown = oneLine(title.slice(0, 10 * MAX_TITLE_UNITS).toWellFormed()).slice(0, MAX_TITLE_UNITS);
  return shown === '' ? otherwise : shown.toWellFormed();
}

function extensionOf(path: string): string {
  return extname(path).toLowerCase();
}
