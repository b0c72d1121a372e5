import { deflateRawSync } from 'node:zlib';

import { Document, HeadingLevel, Packer, Paragraph, Table, TableCell, TableRow } from 'docx';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import { unzipBounded } from './bounded-zip.ts';
import { readDocx } from './read-docx.ts';

const MB = 1024 ** 2;
const refusal = (message: string) =>
  expect.objectContaining({ code: 'UNREADABLE_DOCUMENT', message: expect.stringContaining(message) });

async function docx(): Promise<Buffer> {
  const cell = (text: string) => new TableCell({ children: [new Paragraph(text)] });
  const children = [
    new Paragraph({ text: 'The Guide', heading: HeadingLevel.TITLE }),
    new Paragraph('Words & <marks> before.'),
    new Paragraph({ text: 'Set up', heading: HeadingLevel.HEADING_2 }),
    new Paragraph({ text: 'a point', bullet: { level: 0 } }),
    new Table({ rows: [new TableRow({ children: [cell('k'), cell('v')] })] }),
  ];
  return Packer.toBuffer(new Document({ creator: 'Ada & Co', sections: [{ children }] }));
}

/** An archive of one entry, whose directory may say anything of it. */
function zipOf(
  content: Buffer,
  says: { inflatedBytes?: number; flags?: number; entries?: number; method?: number } = {},
) {
  const name = Buffer.from('word/document.xml');
  const data = deflateRawSync(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(says.flags ?? 0, 8);
  entry.writeUInt16LE(says.method ?? 8, 10);
  entry.writeUInt32LE(data.length, 20);
  entry.writeUInt32LE(says.inflatedBytes ?? content.length, 24);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(says.entries ?? 1, 10);
  end.writeUInt32LE(local.length + name.length + data.length, 16);
  return Buffer.concat([local, name, data, entry, name, end]);
}

describe('readDocx', () => {
  it('reads text, headings, lists and tables, and what the properties say', async () => {
    const { title, text, headings, metadata } = await readDocx(await docx());
    expect(title).toBe('The Guide');
    expect(text).toBe('The Guide\n\nWords & <marks> before.\n\nSet up\n\n- a point\n\nk | v');
    expect(headings.map(({ path, start }) => [path, text.slice(start, start + 3)])).toEqual([
      ['The Guide', 'The'],
      ['The Guide › Set up', 'Set'],
    ]);
    expect(metadata).toEqual({ author: 'Ada & Co' });
  });

  it.each([
    ['is cut off', async () => (await docx()).subarray(0, 2000), 'damaged'],
    ['is no archive', async () => Buffer.from('words'), 'damaged'],
    ['is another archive', async () => zipSync({ 'a.xml': Buffer.from('<a/>') }), 'not a Word document'],
    ['is encrypted or old', async () => Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0]), 'encrypted'],
    [
      'has parts that fit nothing',
      async () =>
        zipSync({ '[Content_Types].xml': Buffer.from('<a'), 'word/document.xml': Buffer.from('<') }),
      'damaged or not a Word document',
    ],
    [
      'is a bomb',
      async () =>
        zipSync({
          '[Content_Types].xml': Buffer.from('<a/>'),
          'word/document.xml': Buffer.alloc(40 * MB, 32),
        }),
      'unpacks to more than 32 MB',
    ],
  ])('refuses a file that %s', async (_, make, reason) => {
    await expect(readDocx(await make())).rejects.toThrow(refusal(reason));
  });
});

describe('unzipBounded', () => {
  const limits = { maxEntries: 10, maxInflatedBytes: MB, wants: () => true };

  it('unpacks what is wanted and nothing else', () => {
    const archive = zipSync({ 'a.xml': Buffer.from('words'), 'b.png': Buffer.alloc(2 * MB) });
    const entries = unzipBounded(archive, { ...limits, wants: (name) => name.endsWith('.xml') });
    expect(Object.entries(entries).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual([
      ['a.xml', 'words'],
    ]);
  });

  it.each([
    ['more than it says', zipOf(Buffer.alloc(3 * MB), { inflatedBytes: 10 }), 'unpacks to more than 1 MB'],
    ['as much as it says', zipOf(Buffer.alloc(3 * MB)), 'unpacks to more than 1 MB'],
    ['too many parts', zipOf(Buffer.alloc(10), { entries: 60_000 }), 'holds 60000 parts'],
    ['fewer parts than it says', zipOf(Buffer.alloc(10), { entries: 2 }), 'damaged'],
    ['an encrypted part', zipOf(Buffer.alloc(10), { flags: 1 }), 'encrypted'],
    ['a part that is packed in another way', zipOf(Buffer.alloc(10), { method: 14 }), 'damaged'],
  ])('refuses an archive that holds %s', (_, archive, reason) => {
    expect(() => unzipBounded(archive, limits)).toThrow(refusal(reason));
  });

  it('counts all parts together', () => {
    const half = Buffer.alloc(0.6 * MB);
    expect(() => unzipBounded(zipSync({ a: half, b: half }), limits)).toThrow(refusal('unpacks to more'));
  });

  it('refuses an archive that is cut off anywhere', () => {
    const archive = zipSync({ a: Buffer.from('some words, some words'), b: Buffer.from('x') });
    for (let length = 0; length < archive.length; length += 1) {
      expect(() => unzipBounded(archive.subarray(0, length), limits)).toThrow(refusal('damaged'));
    }
  });
});
