import { CitestreamError } from '../errors.ts';
import { maskValue } from './mask-secrets.ts';
import { suggestion } from './nearest-name.ts';
import { readSettingText, SETTINGS, type Setting } from './settings.ts';

/** Where a value came from; `name` is the flag, the variable or the file. */
export interface Origin {
  readonly from: 'flag' | 'environment' | 'file' | 'code' | 'default';
  readonly name?: string;
}

/** A value as it was given, not yet checked. */
interface GivenValue {
  readonly value: unknown;
  readonly origin: Origin;
}

/** Values by the setting's key. */
export type GivenValues = ReadonlyMap<string, GivenValue>;

/** Environment variables that are no settings: the file to read, and stacks for the command line. */
const RESERVED = ['CITESTREAM_CONFIG', 'CITESTREAM_DEBUG'];

const KEYS = SETTINGS.map((setting) => setting.key);
const PREFIX = 'CITESTREAM_';
const ENVIRONMENT_NAMES = [...SETTINGS.map((setting) => setting.environmentName), ...RESERVED];

/** The settings of a nested object; throws CONFIGURATION for a name that is none, with the nearest that is. */
export function fromObject(object: unknown, origin: Origin, at: readonly string[] = []): GivenValues {
  const where = origin.name ?? 'The settings';
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    const place = at.length === 0 ? where : `${where}: ${at.join('.')}`;
    throw new CitestreamError('CONFIGURATION', `${place} is ${showValue(object)}; it must be an object.`);
  }
  const given = new Map<string, GivenValue>();
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const path = [...at, name];
    const key = path.join('.');
    if (KEYS.includes(key)) given.set(key, { value, origin });
    else if (KEYS.some((known) => known.startsWith(`${key}.`))) {
      for (const [innerKey, inner] of fromObject(value, origin, path)) given.set(innerKey, inner);
    } else {
      throw new CitestreamError(
        'CONFIGURATION',
        `${where}: there is no setting ${key}${suggestion(key, KEYS)}`,
      );
    }
  }
  return given;
}

/** The settings of `CITESTREAM_…` variables; throws CONFIGURATION for one that is none, with the nearest that is. */
export function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): GivenValues {
  const given = new Map<string, GivenValue>();
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || RESERVED.includes(name)) continue;
    const setting = SETTINGS.find((setting) => setting.environmentName === name);
    if (setting === undefined) {
      throw new CitestreamError(
        'CONFIGURATION',
        `There is no setting ${name} for the environment${suggestion(name, ENVIRONMENT_NAMES, PREFIX)}`,
      );
    }
    // Compose files and CI set what they do not know to the empty text.
    if (value === undefined || value.trim() === '') continue;
    given.set(setting.key, {
      value: readSettingText(setting, value),
      origin: { from: 'environment', name },
    });
  }
  return given;
}

/** The settings of flags, by the setting's key. */
export function fromFlags(flags: Readonly<Record<string, string | readonly string[]>>): GivenValues {
  const given = new Map<string, GivenValue>();
  for (const setting of SETTINGS) {
    const value = flags[setting.key];
    if (value === undefined || setting.flag === undefined) continue;
    given.set(setting.key, {
      value: typeof value === 'string' ? readSettingText(setting, value) : value,
      origin: { from: 'flag', name: setting.flag },
    });
  }
  return given;
}

/** A value as an error may show it: short, and without secrets. */
export function showValue(value: unknown, setting?: Setting): string {
  const text = JSON.stringify(maskValue(value, setting?.secret === true));
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
