import { unreadable } from './parsed-text.ts';

const SAMPLE_BYTES = 8192;
/** Bytes no text has: C0 controls but for tab, line feed, vertical tab, form feed, carriage return, backspace, escape. */
const isBinaryControl = (byte: number) => byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b;
const REPLACEMENT = 0xfffd;

/**
 * The text of a file: UTF-8 or UTF-16 by its byte order mark or by its bytes, `fallback` (a label of the Encoding
 * Standard) or else Windows-1252, which includes Latin-1. Line ends stay as they are.
 * Throws UNREADABLE_DOCUMENT where the bytes are not text.
 */
export function decodeText(bytes: Uint8Array, fallback = 'windows-1252'): string {
  const marked = encodingOfByteOrderMark(bytes) ?? encodingOfZeroBytes(bytes);
  if (marked !== undefined) return refuseBinary(decode(bytes, marked));
  if (bytes.includes(0)) throw notText();
  return decodeUtf8(bytes) ?? decodeSingleBytes(bytes, fallback);
}

function encodingOfByteOrderMark(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return undefined;
}

/** In UTF-16 text of most scripts every other byte is often zero, and those between hardly ever. */
function encodingOfZeroBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length % 2 !== 0) return undefined;
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  let even = 0;
  let odd = 0;
  for (let at = 0; at < sample.length; at += 2) {
    if (sample[at] === 0) even += 1;
    if (sample[at + 1] === 0) odd += 1;
  }
  const many = sample.length * 0.15;
  const few = sample.length * 0.01;
  if (odd > many && even <= few) return 'utf-16le';
  if (even > many && odd <= few) return 'utf-16be';
  return undefined;
}

/** A few broken sequences are damage in a UTF-8 text; many say that it is none. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = decode(bytes, 'utf-8');
  let broken = 0;
  let wide = 0;
  let controls = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === REPLACEMENT) broken += 1;
    else if (unit >= 0x80) wide += 1;
    else if (isBinaryControl(unit)) controls += 1;
  }
  if (controls > text.length * 0.02) throw notText();
  return broken === 0 || broken * 4 <= wide ? text : undefined;
}

function decodeSingleBytes(bytes: Uint8Array, encoding: string): string {
  let controls = 0;
  for (const byte of bytes) if (isBinaryControl(byte)) controls += 1;
  if (controls > bytes.length * 0.002) throw notText();
  return decode(bytes, encoding);
}

/** A mark or a pattern of zeros promises text; what it decodes to has to be some. */
function refuseBinary(text: string): string {
  if (text.includes('\0')) throw notText();
  let controls = 0;
  for (let at = 0; at < text.length; at += 1) if (isBinaryControl(text.charCodeAt(at))) controls += 1;
  if (controls > text.length * 0.02) throw notText();
  return text;
}

function decode(bytes: Uint8Array, encoding: string): string {
  return new TextDecoder(encoding).decode(bytes);
}

function notText(): Error {
  return unreadable('The file is binary, not text.');
}
