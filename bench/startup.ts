import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';

import { loadConfiguration, runIngest } from '../src/index.ts';
import { figure, percentile, printFigures, say } from './figure.ts';
import { startServer } from './served-process.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/**
 * What starting costs: from the start of `citestream serve` on an existing index until `/readyz` answers 200, and what
 * `citestream --version` takes; the floor is a Node process that does nothing, started in turn with them.
 */
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const ROUNDS = values.quick ? 5 : 15;
const root = new URL('..', import.meta.url).pathname;
const main = `${root}src/cli/main.ts`;

await withTemporaryFolder('startup', async (folder) => {
  const { configuration } = loadConfiguration({ settings: { dataDir: folder }, environment: {} });
  await runIngest({ paths: [`${root}docs`], configuration });
  say(`Starting a server on an index of docs/ ${ROUNDS} times …`);
  const taken = { nothing: [] as number[], version: [] as number[], ready: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    taken.nothing.push(timed(() => execFileSync(process.execPath, ['-e', '0'])));
    taken.version.push(timed(() => execFileSync(process.execPath, [main, '--version'])));
    taken.ready.push(await untilReady(folder));
  }
  const floor = percentile(taken.nothing, 0.5);
  const median = (times: readonly number[]): number => percentile(times, 0.5);
  printFigures('startup', [
    figure({ name: 'citestream --version, p50', value: median(taken.version), unit: 'ms', floor }),
    figure({ name: 'citestream serve until /readyz, p50', value: median(taken.ready), unit: 'ms', floor }),
    figure({
      name: 'citestream serve until /readyz, slowest',
      value: Math.max(...taken.ready),
      unit: 'ms',
      bar: { atMost: 1500 },
    }),
  ]);
});

async function untilReady(dataDir: string): Promise<number> {
  const started = performance.now();
  await using server = await startServer(root, { words: ['--data-dir', dataDir] });
  const response = await fetch(`${server.address}/readyz`);
  if (response.status !== 200) throw new Error(`/readyz answered ${response.status}.`);
  return performance.now() - started;
}

function timed(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}
