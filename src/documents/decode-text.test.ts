import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CitestreamError } from '../errors.ts';
import { decodeText } from './decode-text.ts';

const TEXT = 'Große Fragen: “wozu?”\r\nАнтверпен 東京 😀\n';
const utf16le = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
const bytes = (...values: number[]) => Uint8Array.from(values);

describe('decodeText', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a byte order mark', Buffer.concat([bytes(0xef, 0xbb, 0xbf), Buffer.from(TEXT)])],
    ['UTF-16 LE with a byte order mark', Buffer.concat([bytes(0xff, 0xfe), utf16le(TEXT)])],
    ['UTF-16 BE with a byte order mark', Buffer.concat([bytes(0xfe, 0xff), utf16be(TEXT)])],
  ])('reads %s', (_, encoded) => {
    expect(decodeText(encoded)).toBe(TEXT);
  });

  it.each([
    ['UTF-16 LE', utf16le],
    ['UTF-16 BE', utf16be],
  ])('recognizes %s without a mark by its zero bytes', (_, encode) => {
    expect(decodeText(encode('Plain words, naïve ones too.'))).toBe('Plain words, naïve ones too.');
  });

  it('falls back to Latin-1 with the quotes of Windows', () => {
    expect(decodeText(Buffer.from('Caf\u00e9 \u0093cr\u00e8me\u0094', 'latin1'))).toBe('Café “crème”');
  });

  it('falls back to the encoding that the file declares', () => {
    expect(decodeText(bytes(0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2), 'windows-1251')).toBe('Привет');
  });

  it('keeps a UTF-8 text in which a few bytes are damaged', () => {
    const damaged = Buffer.concat([Buffer.from('Käse für Jürgen größer öfter '), bytes(0xff)]);
    expect(decodeText(damaged)).toBe('Käse für Jürgen größer öfter \ufffd');
  });

  it.each([
    ['zero bytes', bytes(0x50, 0x4b, 3, 4, 0, 0, 0, 0x61)],
    ['control bytes', Buffer.alloc(100, 1)],
    ['control bytes that are no UTF-8', bytes(0x1f, 0x8b, 8, 3, 4, 0xff, 0xd8, 0xfe)],
    ['zero bytes after a UTF-8 mark', Buffer.concat([bytes(0xef, 0xbb, 0xbf), Buffer.from('a\0b')])],
    ['control bytes after a UTF-8 mark', Buffer.concat([bytes(0xef, 0xbb, 0xbf), Buffer.alloc(100, 2)])],
    ['zeros after a UTF-16 mark', Buffer.concat([bytes(0xff, 0xfe), Buffer.alloc(100)])],
    ['small numbers of two bytes', Buffer.from(new Uint16Array(100).fill(3).buffer)],
  ])('refuses %s as binary', (_, binary) => {
    expect(() => decodeText(binary)).toThrow(
      expect.objectContaining({ code: 'UNREADABLE_DOCUMENT', message: expect.stringContaining('binary') }),
    );
  });

  it('gives back any well-formed text that was encoded with a mark', () => {
    const text = fc.string({ unit: 'binary' }).filter((text) => !/[\p{Cc}\ufeff]/u.test(text));
    fc.assert(
      fc.property(text, (text) => {
        expect(decodeText(Buffer.from(`\ufeff${text}`))).toBe(text);
        expect(decodeText(utf16le(`\ufeff${text}`))).toBe(text);
        expect(decodeText(utf16be(`\ufeff${text}`))).toBe(text);
      }),
    );
  });

  it('ends for any bytes, with a text without zeros or as UNREADABLE_DOCUMENT', () => {
    const marks = fc.constantFrom([], [0xff, 0xfe], [0xfe, 0xff], [0xef, 0xbb, 0xbf]);
    fc.assert(
      fc.property(marks, fc.uint8Array({ maxLength: 400 }), (mark, rest) => {
        try {
          expect(decodeText(Uint8Array.from([...mark, ...rest]))).not.toContain('\0');
        } catch (error) {
          if (!(error instanceof CitestreamError)) throw error;
          expect(error.code).toBe('UNREADABLE_DOCUMENT');
        }
      }),
      { numRuns: 1000 },
    );
  });
});
