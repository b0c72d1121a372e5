import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../src/config/settings.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = path.join(root, 'docs', 'configuration.md');
const BEGIN = '<!-- settings:begin, written by scripts/docs-table.mjs -->';
const END = '<!-- settings:end -->';
const hasTable = existsSync(guide) && readFileSync(guide, 'utf8').includes(BEGIN);

const run = (...parameters: readonly string[]) =>
  spawnSync(process.execPath, [path.join(root, 'scripts', 'docs-table.mjs'), ...parameters], {
    encoding: 'utf8',
  });

describe('the table of settings', () => {
  it.skipIf(!hasTable)('in docs/configuration.md is current', () => {
    expect(run('--check')).toMatchObject({ status: 0, stderr: '' });
  });

  it('is written between its markers, and then is current', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'citestream-table-'));
    try {
      const file = path.join(directory, 'guide.md');
      writeFileSync(file, `# Guide\n\n${BEGIN}\n${END}\n\nThe end.\n`);
      expect(run(file, '--check')).toMatchObject({ status: 1 });
      expect(run(file)).toMatchObject({ status: 0, stderr: '' });
      expect(run(file, '--check')).toMatchObject({ status: 0 });
      const text = readFileSync(file, 'utf8');
      expect(text.startsWith('# Guide\n')).toBe(true);
      expect(text.endsWith(`${END}\n\nThe end.\n`)).toBe(true);
      for (const { key, environmentName } of SETTINGS) {
        expect(text).toContain(`| \`${key}\` |`);
        expect(text).toContain(`\`${environmentName}\``);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('is refused for a file without markers', () => {
    const { status, stderr } = run(path.join(root, 'LICENSE'));
    expect(status).toBe(1);
    expect(stderr).toContain(BEGIN);
  });
});
