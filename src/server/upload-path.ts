import { createHash } from 'node:crypto';

const MAX_NAME_BYTES = 160;
const MAX_FOLDERS = 8;
const MAX_EXTENSION_CHARS = 16;

/** Control characters, those that reorder text, and what some file systems refuse. */
// eslint-disable-next-line no-control-regex -- they are exactly what must not get into a name
const UNSAFE_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff<>:"|?*]/g;

/** Names that are devices on Windows, whatever their extension. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;

/**
 * The place of an uploaded file below the uploads folder, for any name a client may send: relative, with `/` between
 * folders, never hidden, never leading out. The same name always gives the same place.
 */
export function uploadPath(name: string): string {
  const parts = name
    .toWellFormed()
    .normalize('NFC')
    .split(/[/\\]+/)
    .filter((part) => part.trim() !== '' && !/^\s*\.+\s*$/.test(part))
    .map(safeName)
    .filter((part) => part !== '');
  return parts.slice(-(MAX_FOLDERS + 1)).join('/') || 'unnamed';
}

function safeName(part: string): string {
  const plain = part
    .replace(/^[a-z]:$/i, '')
    .replaceAll(UNSAFE_CHARACTERS, '_')
    .trim()
    .replace(/[. ]+$/, '')
    .replace(/^\.+/, '_');
  const harmless = DEVICE_NAME.test(plain) ? `_${plain}` : plain;
  return Buffer.byteLength(harmless) <= MAX_NAME_BYTES ? harmless : shortened(harmless);
}

/** Keeps the extension, which tells how to read the file; the hash keeps long names apart. */
function shortened(name: string): string {
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && name.length - dot <= MAX_EXTENSION_CHARS;
  const extension = hasExtension ? name.slice(dot) : '';
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  const room = MAX_NAME_BYTES - Buffer.byteLength(extension) - hash.length - 1;
  let stem = '';
  let bytes = 0;
  for (const character of name) {
    bytes += Buffer.byteLength(character);
    if (bytes > room) break;
    stem += character;
  }
  return `${stem}-${hash}${extension}`;
}

/** The same place with a number, for the second file of that name in one request: `a (2).pdf`. */
export function numberedPath(path: string, number: number): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const end = dot > slash + 1 ? dot : path.length;
  return `${path.slice(0, end)} (${number})${path.slice(end)}`;
}
