import type { Configuration } from './configuration.ts';
import { SETTINGS, valueAt } from './settings.ts';

/** What stands in place of a secret. */
export const MASK = '********';

/** The configuration as it may be shown: keys, and passwords in addresses, are masked. */
export function maskSecrets(configuration: Configuration): Configuration {
  const masked = structuredClone(configuration);
  for (const setting of SETTINGS) {
    const value = valueAt(configuration, setting.path);
    const parent = valueAt(masked, setting.path.slice(0, -1)) as Record<string, unknown>;
    const name = setting.path.at(-1) ?? '';
    if (value !== undefined) parent[name] = maskValue(value, setting.secret === true);
  }
  return masked;
}

/** One value as it may be shown: wholly masked where it is secret, else without the passwords in addresses. */
export function maskValue(value: unknown, secret: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => maskValue(item, secret));
  if (secret) return MASK;
  return typeof value === 'string' ? value.replaceAll(/(:\/\/)[^/@\s]+@/g, `$1${MASK}@`) : value;
}
