import { z } from 'zod';
import { parseByteSize } from './byte-size.ts';
import { acceptedForms, parseProvider, type Providers } from './provider-string.ts';

/** What a setting says of itself; help texts, the environment, errors and the docs table are made of it. */
export interface SettingFacts {
  readonly description: string;
  /** The flag with its placeholder, as in `--port <number>`, where the command line has one. */
  readonly flag?: string;
  /** What a number counts; not needed where the name says it. */
  readonly unit?: string;
  /** The default in words, where it is computed. */
  readonly defaultText?: string;
  /** True where nobody may see the value. */
  readonly secret?: boolean;
}

/** How a value is written as text, and what is accepted, as in "an integer from 1 to 100". */
export interface ValueFacts {
  readonly kind: 'number' | 'bytes' | 'text' | 'list';
  readonly accepts: string;
}

/** Each setting's facts, by its schema. */
export const settingRegistry = z.registry<SettingFacts>();

/** What each setting's values look like, by the schema within its default. */
export const valueRegistry = z.registry<ValueFacts>();

/** An integer between two bounds. */
export function integer(min: number, max: number) {
  return z
    .int()
    .min(min)
    .max(max)
    .register(valueRegistry, { kind: 'number', accepts: `an integer from ${min} to ${max}` });
}

/** A number between two bounds. */
export function decimal(min: number, max: number) {
  return z
    .number()
    .min(min)
    .max(max)
    .register(valueRegistry, { kind: 'number', accepts: `a number from ${min} to ${max}` });
}

/** A size: a number of bytes, or text as in `100MB`. */
export function byteSize() {
  return z
    .union([z.int(), z.string().transform(parseByteSize).pipe(z.int())])
    .pipe(z.int().min(1))
    .register(valueRegistry, { kind: 'bytes', accepts: 'a size of at least one byte, as in 100MB or 2GiB' });
}

/** Text of one shape. */
export function text(pattern: RegExp, accepts: string) {
  return z.string().regex(pattern).register(valueRegistry, { kind: 'text', accepts });
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  const accepts = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return z.enum(words).register(valueRegistry, { kind: 'text', accepts });
}

/** A list of texts; as one text they are separated by commas. */
export function list(pattern: RegExp, accepts: string) {
  return z.array(z.string().regex(pattern)).max(1000).register(valueRegistry, { kind: 'list', accepts });
}

/** A provider string, kept as it is written. */
export function providerString(role: keyof Providers) {
  const reads = (value: string): boolean => {
    try {
      return parseProvider(role, value) !== undefined;
    } catch {
      return false;
    }
  };
  return z
    .string()
    .refine(reads, { error: acceptedForms(role) })
    .register(valueRegistry, { kind: 'text', accepts: acceptedForms(role) });
}
