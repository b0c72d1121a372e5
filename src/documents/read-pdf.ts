import { getDocumentProxy } from 'unpdf';

import type { PagePosition } from './document.ts';
import { flatMetadata } from './flat-metadata.ts';
import { oneLine } from './heading-outline.ts';
import { type ParsedText, unreadable } from './parsed-text.ts';
import { type PdfTextItem, pdfPageText } from './pdf-page-text.ts';

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;

const MAX_PAGES = 20_000;
const MAX_TEXT_UNITS = 64 * 1024 ** 2;
const SIGNATURE = '%PDF-';
const SIGNATURE_WITHIN_BYTES = 1024;
/** Titles that programs give by themselves. */
const MEANINGLESS_TITLE =
  /^(?:untitled.*|microsoft (?:word|powerpoint|excel) - .*|.{0,200}\.(?:docx?|pptx?|xlsx?|tex|dvi|indd|pdf|ps|odt|rtf))$/i;

/** Reads a PDF: the text of its pages in the order they draw it, and where each page begins. */
export async function readPdf(bytes: Uint8Array): Promise<ParsedText> {
  const start = new TextDecoder('windows-1252').decode(bytes.subarray(0, SIGNATURE_WITHIN_BYTES));
  if (!start.includes(SIGNATURE)) throw unreadable('The file is not a PDF: it does not begin as one.');
  const pdf = await open(bytes);
  try {
    return await readPages(pdf);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array): Promise<PdfDocument> {
  try {
    // pdf.js takes the bytes over, refuses a Buffer, and writes what it notices to the console unless told not to.
    return await getDocumentProxy(new Uint8Array(bytes), {
      verbosity: 0,
      isEvalSupported: false,
      enableXfa: false,
      disableFontFace: true,
      useSystemFonts: false,
      useWorkerFetch: false,
      stopAtErrors: false,
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') {
      throw unreadable('The file is encrypted: save it without a password.', error);
    }
    throw unreadable('The file is damaged: its PDF structure cannot be read.', error);
  }
}

async function readPages(pdf: PdfDocument): Promise<ParsedText> {
  if (pdf.numPages > MAX_PAGES) {
    throw unreadable(`The file has ${pdf.numPages} pages, and at most ${MAX_PAGES} are read.`);
  }
  const parts: string[] = [];
  const pages: PagePosition[] = [];
  let length = 0;
  let damaged = 0;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const text = await readPage(pdf, number);
    if (text === undefined) damaged += 1;
    const part = text === undefined || text === '' ? '' : `${length === 0 ? '' : '\n\n'}${text}`;
    pages.push({ page: number, start: length + part.length - (text ?? '').length });
    parts.push(part);
    length += part.length;
    if (length > MAX_TEXT_UNITS) {
      throw unreadable(`The file has more than ${MAX_TEXT_UNITS / 1024 ** 2} million characters of text.`);
    }
  }
  if (length === 0 && damaged > 0) throw unreadable('The file is damaged: none of its pages can be read.');
  if (length === 0)
    throw unreadable('The file has no text: its pages may be scans, which need text recognition.');
  return { ...(await readProperties(pdf)), text: parts.join(''), pages, headings: [] };
}

/** Nothing for a page that is damaged; the others may still be read. */
async function readPage(pdf: PdfDocument, number: number): Promise<string | undefined> {
  try {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent({ includeMarkedContent: false });
    page.cleanup();
    return pdfPageText(items.filter((item): item is PdfTextItem & typeof item => 'str' in item));
  } catch (error) {
    // Exceeding memory is of the file, not of the page.
    if (error instanceof RangeError) throw error;
    return undefined;
  }
}

async function readProperties(pdf: PdfDocument): Promise<Pick<ParsedText, 'title' | 'metadata'>> {
  const info: Readonly<Record<string, unknown>> = await pdf.getMetadata().then(
    ({ info }) => info as Record<string, unknown>,
    () => ({}),
  );
  const title = shown(info['Title']);
  const metadata = flatMetadata({ author: shown(info['Author']), subject: shown(info['Subject']) });
  return { ...(title === undefined || MEANINGLESS_TITLE.test(title) ? {} : { title }), metadata };
}

function shown(value: unknown): string | undefined {
  const text = typeof value === 'string' ? oneLine(value) : '';
  return text === '' ? undefined : text;
}
