import type { Metadata } from './document.ts';
import { flatMetadata } from './flat-metadata.ts';

const FRONT_MATTER = /^---[ \t]*\r?\n([\s\S]*?\r?\n)??(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;
const ENTRY = /^([\w-]{1,100}):(?:[ \t]+([^]*))?$/;
const ITEM = /^[ \t]*-[ \t]+([^]*)$/;
const MAX_VALUE_UNITS = 2000;
/** Longer front matter is taken for text, so that no pattern meets a line of megabytes. */
const MAX_FRONT_MATTER_UNITS = 64 * 1024;

/** What a Markdown file says of itself between `---` lines at its beginning. */
export interface FrontMatter {
  readonly metadata: Metadata;
  /** Where the text after it begins, in UTF-16 units; 0 where there is none. */
  readonly end: number;
}

/**
 * Reads the flat part of YAML front matter: scalars, `[a, b]` and lists of `- a` lines. Nested values are left out, and
 * numbers and dates stay the text they are, since nobody filters by what looks like a number only by chance.
 */
export function readFrontMatter(text: string): FrontMatter {
  const match = text.startsWith('---') ? FRONT_MATTER.exec(text.slice(0, MAX_FRONT_MATTER_UNITS)) : null;
  if (match === null) return { metadata: {}, end: 0 };
  const values = new Map<string, string | string[]>();
  let key: string | undefined;
  for (const line of (match[1] ?? '').split(/\r?\n/)) {
    const [, name, value = ''] = ENTRY.exec(line) ?? [];
    const item = ITEM.exec(line)?.[1];
    if (name !== undefined) {
      key = name.toLowerCase();
      const parsed = parseValue(value.trim());
      if (parsed !== undefined) values.set(key, parsed);
    } else if (item !== undefined && key !== undefined) {
      const list = values.get(key) ?? [];
      if (!Array.isArray(list)) continue;
      list.push(unquote(item.trim()));
      values.set(key, list);
    }
  }
  // Two rules at the beginning of a text are no front matter.
  if (values.size === 0) return { metadata: {}, end: 0 };
  return { metadata: flatMetadata(Object.fromEntries(values)), end: match[0].length };
}

function parseValue(value: string): string | string[] | undefined {
  if (value === '' || /^[{|>&*!]/.test(value)) return undefined;
  if (!value.startsWith('[')) return unquote(value);
  if (!value.endsWith(']')) return undefined;
  return value
    .slice(1, -1)
    .split(',')
    .map((item) => unquote(item.trim()))
    .filter((item) => item !== '');
}

function unquote(source: string): string {
  const value = source.slice(0, MAX_VALUE_UNITS);
  const quote = value[0];
  if ((quote === '"' || quote === "'") && value.length > 1 && value.endsWith(quote))
    return value.slice(1, -1);
  return value.replace(/[ \t]+#.*$/, '');
}
