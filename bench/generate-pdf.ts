import { randomBytes } from 'node:crypto';
import { PDFDocument, PDFName, StandardFonts } from 'pdf-lib';
import { passage, type RealText } from './real-text.ts';

const LINES_A_PAGE = 50;
const WORDS_A_LINE = 10;
const IMAGE_SIDE_PX = 100;

/** A PDF of so many pages of text, with a grey image on each that brings the whole to about `bytes`. */
export async function generatePdf(
  { texts }: RealText,
  { pages, bytes, random }: { readonly pages: number; readonly bytes: number; readonly random: () => number },
): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  // About what a page's compressed text takes.
  const imageBytes = Math.max(IMAGE_SIDE_PX, Math.floor(bytes / pages) - 2500);
  const width = Math.floor(imageBytes / IMAGE_SIDE_PX);
  for (let number = 1; number <= pages; number += 1) {
    const page = document.addPage([612, 792]);
    const lines = Array.from({ length: LINES_A_PAGE }, () => encodable(passage(texts, WORDS_A_LINE, random)));
    page.drawText([`Page ${number}.`, ...lines].join('.\n'), {
      x: 40,
      y: 750,
      size: 10,
      lineHeight: 13,
      font,
    });
    const image = document.context.stream(randomBytes(width * IMAGE_SIDE_PX), {
      Type: 'XObject',
      Subtype: 'Image',
      Width: width,
      Height: IMAGE_SIDE_PX,
      ColorSpace: 'DeviceGray',
      BitsPerComponent: 8,
    });
    page.node.setXObject(PDFName.of('Image'), document.context.register(image));
  }
  return document.save();
}

/** The standard fonts of PDF know Latin-1 only. */
const encodable = (text: string): string => text.replaceAll(/[^ -~]/g, ' ');
