// `npm test`: everything that must hold before a change lands, cheapest first; stops at the first failure.
// `npm test -- NAME` runs only the tests whose file name contains NAME.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const only = process.argv.slice(2);
const steps = [
  ['types', 'tsc', '--noEmit'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['format', 'oxfmt', '--check', '.'],
  ['unused', 'knip'],
  ['tests', 'vitest', 'run', ...only],
];

for (const [name, program, ...parameters] of only.length > 0 ? steps.slice(-1) : steps) {
  const started = performance.now();
  console.log(`\n── ${name}: ${program} ${parameters.join(' ')}`);
  const { status } = spawnSync(`${root}node_modules/.bin/${program}`, parameters, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error(`\n${name} failed. Run it alone: npx ${program} ${parameters.join(' ')}`);
    process.exit(status ?? 1);
  }
  console.log(`── ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
