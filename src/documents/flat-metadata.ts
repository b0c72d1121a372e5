import type { Metadata, MetadataValue } from './document.ts';

const MAX_KEYS = 64;
const MAX_KEY_UNITS = 200;
const MAX_ITEMS = 256;
const MAX_VALUE_UNITS = 2000;

/** What of a value can be stored and filtered by: scalars and lists of one kind; other shapes are left out. */
export function flatMetadata(value: unknown): Metadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const entries: [string, MetadataValue][] = [];
  for (const [key, member] of Object.entries(value)) {
    if (entries.length === MAX_KEYS) break;
    const flat = flatValue(member);
    const isKey = key !== '' && key.length <= MAX_KEY_UNITS && key !== '__proto__';
    if (flat !== undefined && isKey) entries.push([key.toWellFormed(), flat]);
  }
  return Object.fromEntries(entries);
}

function flatValue(value: unknown): MetadataValue | undefined {
  if (Array.isArray(value)) return flatList(value.slice(0, MAX_ITEMS));
  if (typeof value === 'string') return bounded(value);
  if (typeof value === 'boolean' || Number.isFinite(value)) return value as boolean | number;
  return undefined;
}

function flatList(items: readonly unknown[]): MetadataValue | undefined {
  if (items.length === 0) return undefined;
  if (items.every((item) => typeof item === 'string')) return items.map(bounded);
  if (items.every((item): item is number => Number.isFinite(item))) return items;
  return undefined;
}

function bounded(text: string): string {
  return text.slice(0, MAX_VALUE_UNITS).toWellFormed();
}
