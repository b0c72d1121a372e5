import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Document, HeadingLevel, Packer, Paragraph } from 'docx';

import { generatePdf } from './generate-pdf.ts';
import { passage, type RealText, seededRandom } from './real-text.ts';

const SECTIONS = 4;
const WORDS_A_SECTION = 150;
const PDF_PAGES = 3;
const PDF_BYTES = 30_000;
/** So many a folder: one folder of 20,000 files is not what people have. */
const FILES_A_FOLDER = 500;

interface Section {
  readonly title: string;
  readonly text: string;
}

type Random = () => number;

const FORMATS = {
  md: (sections: readonly Section[]) =>
    sections.map(({ title, text }) => `# ${title}\n\n${text}\n`).join('\n'),
  txt: (sections: readonly Section[]) =>
    sections.map(({ title, text }) => `${title}\n\n${text}\n`).join('\n'),
  html: (sections: readonly Section[]) =>
    `<!doctype html><title>${sections[0]?.title}</title><script>track()</script><body>` +
    sections.map(({ title, text }) => `<h1>${escaped(title)}</h1>\n<p>${escaped(text)}</p>`).join('\n'),
  docx: async (sections: readonly Section[]) => docxOf(sections),
  pdf: async (_: readonly Section[], text: RealText, random: Random) =>
    generatePdf(text, { pages: PDF_PAGES, bytes: PDF_BYTES, random }),
} as const;

/** The formats there are files of. */
export type Format = keyof typeof FORMATS;

/** Writes `count` files of a format below a folder, each another text of about 600 words, and gives their paths. */
export async function generateFiles(
  folder: string,
  { format, count, text }: { readonly format: Format; readonly count: number; readonly text: RealText },
): Promise<readonly string[]> {
  const random = seededRandom(11);
  const paths: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const parent = join(folder, `${format}-${Math.floor(number / FILES_A_FOLDER)}`);
    if (number % FILES_A_FOLDER === 0) mkdirSync(parent, { recursive: true });
    const sections = Array.from({ length: SECTIONS }, () => ({
      title: passage(text.texts, 6, random),
      text: passage(text.texts, WORDS_A_SECTION, random),
    }));
    const path = join(parent, `${number}.${format}`);
    writeFileSync(path, await FORMATS[format](sections, text, random));
    paths.push(path);
  }
  return paths;
}

/** Records in the layout of BEIR, as many and as long as those of Cranfield. */
export function generateJsonLines(path: string, { texts }: RealText): void {
  const random = seededRandom(13);
  const lines = Array.from({ length: 1400 }, (_, number) =>
    JSON.stringify({
      _id: `${number}`,
      title: passage(texts, 11, random),
      text: passage(texts, 165, random),
    }),
  );
  writeFileSync(path, `${lines.join('\n')}\n`);
}

async function docxOf(sections: readonly Section[]): Promise<Uint8Array> {
  const children = sections.flatMap(({ title, text }) => [
    new Paragraph({ text: title, heading: HeadingLevel.HEADING_1 }),
    new Paragraph({ text }),
  ]);
  return Packer.toBuffer(new Document({ sections: [{ children }] }));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
