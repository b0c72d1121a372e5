// Writes the table of settings in docs/configuration.md, between its two markers, from the schema.
// `--check` changes nothing and fails where the table is not current. Another file may be named.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeDefault, SETTINGS } from '../src/config/settings.ts';

const BEGIN = '<!-- settings:begin, written by scripts/docs-table.mjs -->';
const END = '<!-- settings:end -->';

const code = (text) => `\`${text}\``;
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const rows = SETTINGS.map((setting) => {
  const value = describeDefault(setting);
  const unit = setting.unit && setting.kind === 'number' && /^\d/.test(value) ? ` ${setting.unit}` : '';
  const words = setting.defaultText !== undefined && !value.includes(':');
  return [
    code(setting.key),
    words || value === 'none' ? value : code(value) + unit,
    `${setting.description} ${setting.secret ? 'Secret. ' : ''}Accepts ${setting.accepts}.`,
    setting.flag ? code(setting.flag) : '',
    code(setting.environmentName),
  ].map(cell);
});
const table = [
  ['Setting', 'Default', 'What it does', 'Flag', 'Environment'],
  ['---', '---', '---', '---', '---'],
  ...rows,
]
  .map((cells) => `| ${cells.join(' | ')} |`)
  .join('\n');

const parameters = process.argv.slice(2);
const check = parameters.includes('--check');
const file =
  parameters.find((parameter) => !parameter.startsWith('--')) ??
  fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

const before = readFileSync(file, 'utf8');
const begin = before.indexOf(BEGIN);
const end = before.indexOf(END);
if (begin === -1 || end < begin) {
  console.error(`${file} has no place for the table: put the lines\n${BEGIN}\n${END}\nwhere it belongs.`);
  process.exit(1);
}
const after = `${before.slice(0, begin)}${BEGIN}\n${table}\n${before.slice(end)}`;
if (after === before) process.exit(0);
if (check) {
  console.error(`The table of settings in ${file} is not current: run node scripts/docs-table.mjs.`);
  process.exit(1);
}
writeFileSync(file, after);
