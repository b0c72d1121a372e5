import { maskSecrets } from '../config/mask-secrets.ts';
import type { Origin } from '../config/collect-settings.ts';
import { SETTINGS, valueAt } from '../config/settings.ts';
import type { RunCommand } from './command.ts';

/** `citestream config`: every setting, its effective value and where it comes from, secrets masked. */
export const showConfiguration: RunCommand = async ({ context, options, load }) => {
  const { stdout } = context;
  const { configuration, origins, file } = load();
  const masked = maskSecrets(configuration);
  if (options['json'] === true) {
    stdout.write(`${JSON.stringify({ configuration: masked, origins, file: file ?? null }, null, 2)}\n`);
    return 0;
  }
  const { bold, cyan, dim, yellow } = stdout.colors;
  const rows = SETTINGS.map(({ key, path }) => ({
    key,
    value: showSetting(valueAt(masked, path)),
    origin: origins[key] ?? { from: 'default' as const },
  }));
  const keyWidth = Math.max(...rows.map(({ key }) => key.length));
  const valueWidth = Math.max(...rows.map(({ value }) => value.length).filter((length) => length <= 40));
  for (const { key, value, origin } of rows) {
    const isDefault = origin.from === 'default';
    const shown = value.padEnd(valueWidth);
    stdout.write(
      `${cyan(key.padEnd(keyWidth))}  ${isDefault ? shown : bold(shown)}  ${isDefault ? dim('default') : yellow(nameOf(origin))}\n`,
    );
  }
  stdout.write(dim(`\n${file === undefined ? 'No citestream.config.json here.' : `File: ${file}`}\n`));
  return 0;
};

function nameOf({ from, name }: Origin): string {
  return name ?? from;
}

function showSetting(value: unknown): string {
  if (value === undefined) return '–';
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
