import { z } from 'zod';
import { formatByteSize } from './byte-size.ts';
import { configurationSchema } from './configuration.ts';
import { settingRegistry, valueRegistry, type SettingFacts, type ValueFacts } from './setting-types.ts';

/** One setting, with all its names. */
export interface Setting extends Omit<SettingFacts, 'flag'>, ValueFacts {
  /** Its place in the file and in a `Configuration`: `retrieval.topK`. */
  readonly key: string;
  readonly path: readonly string[];
  /** `CITESTREAM_RETRIEVAL_TOP_K`. */
  readonly environmentName: string;
  /** `--top-k`, where the command line has one. */
  readonly flag?: string;
  /** The flag as help shows it: `--top-k <number>`. */
  readonly flagUsage?: string;
  /** `undefined` where it is computed or there is none. */
  readonly defaultValue: unknown;
}

const PREFIX = 'CITESTREAM_';

/** Every setting, in the order of the schema. */
export const SETTINGS: readonly Setting[] = settingsOf(configurationSchema, []);

/** Reads a value that comes as text, from a flag or the environment; what it cannot read it leaves as it is. */
export function readSettingText(setting: Setting, value: string): unknown {
  switch (setting.kind) {
    case 'number':
      return /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
    case 'list':
      return value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'bytes':
    case 'text':
      return value;
    default:
      return setting.kind satisfies never;
  }
}

/** The setting's default in words, for help texts and the docs. */
export function describeDefault(setting: Setting): string {
  if (setting.defaultText !== undefined) return setting.defaultText;
  const value = setting.defaultValue;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (setting.kind === 'bytes') return formatByteSize(value as number);
  return typeof value === 'string' ? value : JSON.stringify(value ?? 'none');
}

/** The value at a setting's key in any configuration-shaped object. */
export function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const name of path) value = (value as Readonly<Record<string, unknown>>)[name];
  return value;
}

function settingsOf(schema: z.ZodType, path: readonly string[]): readonly Setting[] {
  const facts = settingRegistry.get(schema);
  if (facts !== undefined) return [settingOf(schema, facts, path)];
  const group = unwrap(schema);
  if (!(group instanceof z.ZodObject)) throw new TypeError(`The setting ${path.join('.')} is not described.`);
  return Object.entries(group.shape).flatMap(([name, member]) =>
    settingsOf(member as z.ZodType, [...path, name]),
  );
}

function settingOf(schema: z.ZodType, facts: SettingFacts, path: readonly string[]): Setting {
  const key = path.join('.');
  const values = valueRegistry.get(unwrap(schema));
  if (values === undefined) throw new TypeError(`The values of the setting ${key} are not described.`);
  const { flag: flagUsage, ...others } = facts;
  return {
    ...others,
    ...values,
    key,
    path,
    environmentName:
      PREFIX +
      path.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_'),
    ...(flagUsage !== undefined && { flagUsage, flag: flagUsage.split(' ')[0] ?? flagUsage }),
    defaultValue: facts.defaultText === undefined ? schema.parse(undefined) : undefined,
  };
}

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema;
}
