import type { Metadata } from './document.ts';
import { flatMetadata } from './flat-metadata.ts';
import { unreadable } from './parsed-text.ts';
import { shownTitle } from './readers.ts';

const MAX_ID_UNITS = 512;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** One line of a JSON Lines file in the layout of BEIR: `_id`, `title`, `text` and `metadata`. */
export interface JsonLine {
  readonly id: string;
  readonly title: string;
  /** The title, a blank line and the text. */
  readonly text: string;
  readonly metadata: Metadata;
}

/** Reads a line's bytes; throws UNREADABLE_DOCUMENT with what is wrong with the line. */
export function parseJsonLine(bytes: Uint8Array): JsonLine {
  const value = parse(bytes);
  const id = value['_id'];
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') {
    throw unreadable('it has no "_id", which has to be a text or a number.');
  }
  if (String(id).length > MAX_ID_UNITS)
    throw unreadable(`its "_id" has more than ${MAX_ID_UNITS} characters.`);
  const title = optionalText(value, 'title').trim();
  const body = optionalText(value, 'text');
  if (title === '' && body.trim() === '') throw unreadable('it has no text.');
  return {
    id: String(id).toWellFormed(),
    title: shownTitle(title, String(id)),
    text: (title === '' ? body : `${title}\n\n${body}`).toWellFormed(),
    metadata: flatMetadata(value['metadata']),
  };
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw unreadable('it is not valid JSON in UTF-8.', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable('it is not a JSON object.');
  }
  return value as Readonly<Record<string, unknown>>;
}

function optionalText(value: Readonly<Record<string, unknown>>, field: string): string {
  const text = value[field] ?? '';
  if (typeof text !== 'string') throw unreadable(`its "${field}" is not a text.`);
  return text;
}
