import fc from 'fast-check';
import { PDFDocument, StandardFonts } from 'pdf-lib';
import { describe, expect, it } from 'vitest';

import { CitestreamError } from '../errors.ts';
import { pdfPageText } from './pdf-page-text.ts';
import { readPdf } from './read-pdf.ts';

/** A PDF whose pages hold these lines; a page without lines is blank. */
async function pdfOf(pages: readonly (readonly string[])[], info: { title?: string; author?: string } = {}) {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  if (info.title !== undefined) pdf.setTitle(info.title);
  if (info.author !== undefined) pdf.setAuthor(info.author);
  for (const lines of pages) {
    const page = pdf.addPage([400, 400]);
    for (const [index, line] of lines.entries())
      page.drawText(line, { x: 20, y: 360 - index * 14, size: 12, font });
  }
  return pdf.save();
}

/** A PDF that asks for a password: what its encryption dictionary says fits no empty one. */
function encryptedPdf(): Buffer {
  const parts = ['%PDF-1.4\n'];
  const offsets: number[] = [];
  const length = () => parts.join('').length;
  for (const [index, object] of [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>',
    `<</Filter/Standard/V 1/R 2/P -4/O<${'41'.repeat(32)}>/U<${'42'.repeat(32)}>>>`,
  ].entries()) {
    offsets.push(length());
    parts.push(`${index + 1} 0 obj${object}endobj\n`);
  }
  const xref = length();
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const id = `<${'30'.repeat(16)}>`;
  parts.push(`xref\n0 5\n0000000000 65535 f \n${rows}`);
  parts.push(`trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[${id}${id}]>>\nstartxref\n${xref}\n%%EOF`);
  return Buffer.from(parts.join(''), 'latin1');
}

const refusal = (message: string) =>
  expect.objectContaining({ code: 'UNREADABLE_DOCUMENT', message: expect.stringContaining(message) });

describe('readPdf', () => {
  it('keeps the pages, blank ones included, and where each begins', async () => {
    const bytes = await pdfOf([['First page.', 'Second line.'], [], ['Third page.']], {
      author: 'Ada',
      title: 'Work',
    });
    const { text, pages, title, metadata } = await readPdf(bytes);
    expect(text).toBe('First page.\nSecond line.\n\nThird page.');
    const second = text.indexOf('\n\nThird');
    expect(pages).toEqual([
      { page: 1, start: 0 },
      { page: 2, start: second },
      { page: 3, start: second + 2 },
    ]);
    expect({ title, metadata }).toEqual({ title: 'Work', metadata: { author: 'Ada' } });
  });

  it('passes over titles that a program gave', async () => {
    expect(await readPdf(await pdfOf([['x']], { title: 'Microsoft Word - draft3.doc' }))).not.toHaveProperty(
      'title',
    );
  });

  it('leaves the caller its bytes', async () => {
    const bytes = await pdfOf([['x']]);
    await readPdf(bytes);
    expect(bytes.length).toBeGreaterThan(0);
  });

  it.each([
    ['is none', async () => Buffer.from('just words'), 'not a PDF'],
    ['is cut off after its head', async () => (await pdfOf([['x']])).subarray(0, 60), 'damaged'],
    ['is encrypted', async () => encryptedPdf(), 'encrypted'],
    ['has no text', async () => pdfOf([[], []]), 'scans'],
  ])('refuses a file that %s', async (_, make, reason) => {
    await expect(readPdf(await make())).rejects.toThrow(refusal(reason));
  });

  it('reads what it can of a damaged file, or refuses it', async () => {
    const whole = await pdfOf([['Some words.'], ['More words.']]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 }),
        fc.nat(60),
        async (changes, cut) => {
          const bytes = whole.slice(0, whole.length - cut);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          try {
            expect((await readPdf(bytes)).text).not.toBe('');
          } catch (error) {
            if (!(error instanceof CitestreamError)) throw error;
            expect(error.code).toBe('UNREADABLE_DOCUMENT');
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('pdfPageText', () => {
  const line = (str: string, bottom: number) => ({
    str,
    hasEOL: true,
    height: 10,
    transform: [1, 0, 0, 1, 0, bottom],
  });

  it('puts words together that a line end cut, and parts paragraphs by their distance', () => {
    expect(pdfPageText([line('The exam-', 100), line('ple ends.', 88), line('Next one.', 50)])).toBe(
      'The example ends.\n\nNext one.',
    );
  });

  it('keeps a hyphen before a capital, and drops zeros and soft hyphens', () => {
    expect(pdfPageText([line('Navier-', 100), line('Stokes\0 is co\u00adol', 88)])).toBe(
      'Navier-\nStokes is cool',
    );
  });
});
