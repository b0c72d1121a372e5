import { existsSync, readFileSync } from 'node:fs';

import { loadConfiguration } from '../src/config/load-configuration.ts';
import { runIngest } from '../src/run-ingest.ts';

/** What one ingest in a process of its own came to. */
export interface OneIngest {
  readonly added: number;
  readonly failed: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  readonly peakMb: number;
}

/**
 * One ingest in a process of its own, for `bench/ingest.ts`: `node bench/ingest-once.ts DATA_FOLDER PATH` prints an
 * `OneIngest` as JSON. Only a fresh process tells what an ingest takes at its peak.
 */
const [dataDir, path] = process.argv.slice(2);
if (dataDir === undefined || path === undefined) {
  process.stderr.write('Give a data folder and what to ingest into it.\n');
  process.exit(2);
}
const { configuration } = loadConfiguration({ settings: { dataDir } });
const { added, failed, chunks, bytes, elapsedMs } = await runIngest({ paths: [path], configuration });
const result: OneIngest = {
  added,
  failed: failed.length,
  chunks,
  bytes,
  elapsedMs,
  peakMb: peakResidentMb(),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

/** The most memory that was resident at once, as the operating system counted it. */
function peakResidentMb(): number {
  // What getrusage tells begins with the peak of the process that started this one.
  const status = '/proc/self/status';
  const peak = existsSync(status)
    ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]
    : undefined;
  return (peak === undefined ? process.resourceUsage().maxRSS : Number(peak)) / 1024;
}
