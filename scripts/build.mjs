// Compiles src/ to dist/: JavaScript and type declarations, as they are published and as `npx citestream` runs them.
// `--if-stale` does nothing when dist/ is newer than every source.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'dist/cli/main.js');

if (process.argv.includes('--if-stale') && !isStale()) process.exit(0);
// Built beside the old one and then switched: a server that runs from dist/ still finds what it has not loaded yet.
const built = join(root, 'dist.new');
rmSync(built, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', built],
  { cwd: root, stdio: 'inherit' },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
chmodSync(join(built, 'cli/main.js'), 0o755);
rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(built, join(root, 'dist'));

function isStale() {
  if (!existsSync(program)) return true;
  const built = statSync(program).mtimeMs;
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => join('src', name));
  return [...sources, 'package.json', 'tsconfig.json', 'tsconfig.build.json'].some(
    (name) => statSync(join(root, name)).mtimeMs > built,
  );
}
