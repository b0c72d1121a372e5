import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import type { ReadingCost } from './bedrock-once.ts';
import { type BedrockProcess, startBedrockProcess } from './bedrock-process.ts';
import { READERS, type ReaderName } from './bedrock-readers.ts';
import { figure, type Figure, percentile, printFigures, say } from './figure.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/**
 * What an event of ConverseStream costs: many streams of 10 events/s from a simulated Bedrock, read by `BedrockConverse`
 * with the decoder of our own, by the SDK's own iterator, and by a bare reader that throws the body's bytes away; each in
 * a process of its own, one behind the other, and in the full run several times in turns.
 */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, streams: { type: 'string' } },
});
const STREAMS = Number(values.streams ?? (values.quick ? 300 : 1000));
const EVENTS_PER_SECOND = 10;
const SETTLE_SECONDS = 3;
const SECONDS = values.quick ? 5 : 10;
const ROUNDS = values.quick ? 1 : 3;
/** Longer than it takes to open all streams and to read them. */
const WORDS = 2000;
/** Of the simulator and of Node itself, beside one for each stream. */
const OTHER_DESCRIPTORS = 100;
const once = new URL('bedrock-once.ts', import.meta.url).pathname;
const execute = promisify(execFile);

if (!Number.isInteger(STREAMS) || STREAMS < 50) {
  say(`--streams ${values.streams}: give a whole number from 50 on.`);
  process.exit(2);
}
const descriptors = descriptorLimit();
if (descriptors < STREAMS + OTHER_DESCRIPTORS) {
  say(
    `A process may open ${descriptors} files here, and ${STREAMS} streams need ${STREAMS + OTHER_DESCRIPTORS}: raise it with ulimit -n, or give --streams.`,
  );
  process.exit(2);
}

await withTemporaryFolder('bedrock', async (folder) => {
  await using simulator = await startBedrockProcess(folder, {
    words: WORDS,
    tokensPerSecond: EVENTS_PER_SECOND,
  });
  const costs: Record<ReaderName, ReadingCost[]> = { bare: [], ours: [], sdk: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const reader of READERS) costs[reader].push(await measure(simulator, reader));
  }
  printFigures('bedrock', figuresOf(costs));
});

async function measure(simulator: BedrockProcess, reader: ReaderName): Promise<ReadingCost> {
  const words = [reader, STREAMS, SETTLE_SECONDS, SECONDS].map(String);
  const { stdout, stderr } = await execute(process.execPath, ['--expose-gc', once, ...words], {
    env: { ...process.env, ...simulator.environment },
  });
  if (stderr !== '') say(stderr.trimEnd());
  const cost = JSON.parse(stdout) as ReadingCost;
  say(
    `${reader}: ${cost.open} streams, ${cpuOf(cost).toFixed(1)} µs/event, ${kilobytesOf(cost).toFixed(0)} KB/stream`,
  );
  await untilAllLeft(simulator);
  return cost;
}

function figuresOf(costs: Readonly<Record<ReaderName, readonly ReadingCost[]>>): readonly Figure[] {
  const median = (reader: ReaderName, of: (cost: ReadingCost) => number): number =>
    percentile(costs[reader].map(of), 0.5);
  const least = (reader: ReaderName, of: (cost: ReadingCost) => number): number =>
    Math.min(...costs[reader].map(of));
  return [
    ...READERS.flatMap((reader) => [
      figure({
        name: `streams open until the end, ${reader}`,
        value: least(reader, (cost) => cost.open),
        unit: 'streams',
        bar: { atLeast: STREAMS },
      }),
      figure({
        name: `events read, ${reader}, beside those ordered`,
        value: least(reader, (cost) => (cost.events / cost.elapsedMs) * 1000),
        unit: 'events/s',
        floor: STREAMS * EVENTS_PER_SECOND,
        bar: { ratioAtLeast: 0.97 },
      }),
    ]),
    figure({
      name: 'CPU of ours, beside the bare reader',
      value: median('ours', cpuOf),
      unit: 'µs/event',
      floor: median('bare', cpuOf),
      bar: { ratioAtMost: 1.5 },
    }),
    figure({
      name: "CPU of ours, beside the SDK's iterator",
      value: median('ours', cpuOf),
      unit: 'µs/event',
      floor: median('sdk', cpuOf),
      bar: { ratioAtMost: 0.5 },
    }),
    figure({
      name: 'memory of ours, beside the bare reader',
      value: median('ours', kilobytesOf),
      unit: 'KB/stream',
      floor: median('bare', kilobytesOf),
    }),
    figure({
      name: "memory of ours, beside the SDK's iterator",
      value: median('ours', kilobytesOf),
      unit: 'KB/stream',
      floor: median('sdk', kilobytesOf),
    }),
  ];
}

function cpuOf({ cpuUs, events }: ReadingCost): number {
  return cpuUs / events;
}

function kilobytesOf({ bytesAStream }: ReadingCost): number {
  return bytesAStream / 1024;
}

/** The next reader is not to pay for the streams of the last. */
async function untilAllLeft(simulator: BedrockProcess): Promise<void> {
  const limitMs = performance.now() + 30_000;
  while ((await simulator.openStreams()) > 0) {
    if (performance.now() > limitMs) throw new Error('Streams of a reader that has ended are still open.');
    await new Promise<void>((resolve) => setTimeout(resolve, 50));
  }
}

/** What `ulimit -n` says; infinite where there is no such limit. */
function descriptorLimit(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft: number | 'unlimited' } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
