// Installs the dependencies when they are missing or older than the lock file, and does nothing otherwise.
// Runs on whatever Node the machine has, before the pinned one is there; so: no dependency, no new syntax.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = readFileSync(`${root}package-lock.json`, 'utf8');
const stamp = `${root}node_modules/.citestream-installed`;

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('citestream: installing dependencies (npm ci), about a minute the first time …');
  // The machine's own npm and Node install; the pinned Node is among what is installed.
  const npm = process.env.npm_execpath;
  const [command, ...prefix] = npm ? [process.execPath, npm] : ['npm'];
  const result = spawnSync(command, [...prefix, 'ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: !npm && process.platform === 'win32',
  });
  if (result.status !== 0) {
    console.error(
      'citestream: npm ci failed, see above. Check the network and the free disk space, then try again.',
    );
    process.exit(result.status ?? 1);
  }
  writeFileSync(stamp, lock);
}
