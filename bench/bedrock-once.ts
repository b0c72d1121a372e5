import { openReader, type ReaderName } from './bedrock-readers.ts';

/**
 * Opens so many streams with one reader, reads them for some seconds, and says what that cost as a line of JSON: a process
 * of its own for each reader, so that none pays for another.
 * Called by `bedrock.ts` as: node --expose-gc bedrock-once.ts READER STREAMS SETTLE_SECONDS SECONDS
 */
const [reader, ...numbers] = process.argv.slice(2);
const [streams = 0, settleSeconds = 0, seconds = 0] = numbers.map(Number);
/** Opened first, so that what is loaded and made at the first call is not counted as a stream's. */
const WARM_UP = 10;
const OPENING_AT_A_TIME = 50;
const OPENING_LIMIT_MS = 60_000;

/** What reading cost a process, as `bedrock-once.ts` says it. */
export interface ReadingCost {
  readonly events: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
  readonly bytesAStream: number;
  /** Streams that gave events until the end. */
  readonly open: number;
}

const read = await openReader(reader as ReaderName);
let events = 0;
let open = 0;

await openStreams(WARM_UP);
await wait(500);
const bytesBefore = residentBytes();
await openStreams(streams);
await wait(settleSeconds * 1000);
const bytesAStream = (residentBytes() - bytesBefore) / (streams - WARM_UP);

const before = { events, cpu: process.cpuUsage(), atMs: performance.now() };
await wait(seconds * 1000);
const { user, system } = process.cpuUsage(before.cpu);
const cost: ReadingCost = {
  events: events - before.events,
  elapsedMs: performance.now() - before.atMs,
  cpuUs: user + system,
  bytesAStream,
  open,
};
process.stdout.write(`${JSON.stringify(cost)}\n`, () => process.exit(0));

/** Opens streams until there are so many; a stream is open from its first event on. */
async function openStreams(total: number): Promise<void> {
  const deadline = setTimeout(() => fail(`Only ${open} of ${total} streams are open.`), OPENING_LIMIT_MS);
  let left = total - open;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await openStream();
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_A_TIME }, worker));
  clearTimeout(deadline);
}

async function openStream(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOpen = false;
  const onEvent = (): void => {
    events += 1;
    if (isOpen) return;
    isOpen = true;
    open += 1;
    resolve();
  };
  void readToEnd(onEvent);
  await promise;
}

async function readToEnd(onEvent: () => void): Promise<void> {
  try {
    await read(onEvent);
    open -= 1;
  } catch (error) {
    fail(String(error));
  }
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

async function wait(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
