import { zipSync } from 'fflate';
import mammoth from 'mammoth';

import { unzipBounded } from './bounded-zip.ts';
import { flatMetadata } from './flat-metadata.ts';
import { oneLine } from './heading-outline.ts';
import { type ParsedText, unreadable } from './parsed-text.ts';
import { parseHtml } from './read-html.ts';

/** XML takes many times its size in memory while it is parsed. */
const MAX_INFLATED_BYTES = 32 * 1024 ** 2;
const MAX_PARTS = 10_000;
/** Old Word files, and new ones that are encrypted, are compound files. */
const COMPOUND_FILE = [0xd0, 0xcf, 0x11, 0xe0];
const PROPERTIES = 'docProps/core.xml';

/** Reads a Word document (`.docx`): its text with headings, lists and tables; pictures are left out. */
export async function readDocx(bytes: Uint8Array): Promise<ParsedText> {
  if (COMPOUND_FILE.every((byte, index) => bytes[index] === byte)) {
    throw unreadable('The file is encrypted or in the old Word format: save it as .docx without a password.');
  }
  const parts = unzipBounded(bytes, {
    maxEntries: MAX_PARTS,
    maxInflatedBytes: MAX_INFLATED_BYTES,
    wants: (name) => name.endsWith('.xml') || name.endsWith('.rels'),
  });
  if (parts['[Content_Types].xml'] === undefined) throw unreadable('The file is not a Word document.');
  const { title: htmlTitle, ...parsed } = parseHtml(await convert(parts));
  const { title = htmlTitle, author } = properties(parts[PROPERTIES]);
  return {
    ...parsed,
    ...(title === undefined ? {} : { title }),
    metadata: flatMetadata({ author }),
  };
}

async function convert(parts: Record<string, Uint8Array>): Promise<string> {
  // Packed anew from what was checked, so that no other reading of the archive can find more in it.
  const checked = Buffer.from(zipSync(parts, { level: 0 }));
  try {
    const { value } = await mammoth.convertToHtml(
      { buffer: checked },
      {
        convertImage: mammoth.images.imgElement(async () => ({ src: '' })),
        styleMap: ["p[style-name='Title'] => h1:fresh"],
        externalFileAccess: false,
      },
    );
    return value;
  } catch (error) {
    throw unreadable('The file is damaged or not a Word document.', error);
  }
}

/** The title and author that the document's properties give, found without a parser in their few fixed elements. */
function properties(part: Uint8Array | undefined): { readonly title?: string; readonly author?: string } {
  const xml = new TextDecoder().decode(part?.subarray(0, 64 * 1024));
  const title = element(xml, 'dc:title');
  const author = element(xml, 'dc:creator');
  return { ...(title === undefined ? {} : { title }), ...(author === undefined ? {} : { author }) };
}

function element(xml: string, name: string): string | undefined {
  const content = new RegExp(`<${name}(?: [^>]*)?>([^<]*)</`).exec(xml)?.[1];
  // The HTML parser knows every entity that XML has.
  const text = content === undefined ? '' : oneLine(parseHtml(content).text);
  return text === '' ? undefined : text;
}
