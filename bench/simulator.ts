import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { signatureOf } from '../src/simulators/aws-signature.ts';
import { figure, type Figure, percentile, printFigures, say } from './figure.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/**
 * Whether the simulated Bedrock is fast enough not to be the bottleneck: one `citestream simulate bedrock` process,
 * 2,000 ConverseStream answers at 20 tokens/s at a time, read by bare sockets; then all readers leave, and the simulator
 * tells when it noticed.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    streams: { type: 'string', default: '2000' },
    protocols: { type: 'string', default: 'h1,h2' },
  },
});
const STREAMS = Number(values.streams);
const TOKENS_PER_SECOND = 20;
const SECONDS = values.quick ? 6 : 20;
const STREAMS_A_SESSION = 100;
const CONNECTING_AT_A_TIME = 100;
const MODEL_PATH = '/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream';
const BODY = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Question: load' }] }] });
const TOKEN_MARK = 'contentBlockDelta';
const main = new URL('../src/cli/main.ts', import.meta.url).pathname;

interface Simulator extends AsyncDisposable {
  readonly address: URL;
  readonly pid: number;
  readonly environment: ReadonlyMap<string, string>;
}

/** What the readers saw of all streams. */
interface Seen {
  tokens: number;
  readonly gapsMs: number[];
  readonly requestIds: string[];
  readonly leave: (() => void)[];
}

/** Reads the bytes of one stream as they come. */
type OnBytes = (text: string) => void;

await withTemporaryFolder('simulator', async (folder) => {
  const figures: Figure[] = [];
  for (const protocol of values.protocols.split(',')) {
    await using simulator = await startSimulator(folder);
    figures.push(...(await measure(simulator, protocol === 'h2')));
  }
  printFigures('simulator', figures);
});

async function measure(simulator: Simulator, isHttp2: boolean): Promise<readonly Figure[]> {
  const protocol = isHttp2 ? `HTTP/2, ${STREAMS_A_SESSION} streams a connection` : 'HTTP/1.1';
  say(`Opening ${STREAMS} streams over ${protocol} …`);
  const idleKb = residentKb(simulator.pid);
  const seen: Seen = { tokens: 0, gapsMs: [], requestIds: [], leave: [] };
  await (isHttp2 ? openHttp2(simulator, seen) : openHttp1(simulator, seen));
  await until(async () => seen.tokens >= STREAMS);
  await waitMs(1000);

  say(`Reading for ${SECONDS} s …`);
  seen.gapsMs.length = 0;
  const before = { tokens: seen.tokens, cpuMs: cpuMs(simulator.pid), atMs: performance.now() };
  await waitMs(SECONDS * 1000);
  const elapsedMs = performance.now() - before.atMs;
  const tokens = seen.tokens - before.tokens;
  const usedMs = cpuMs(simulator.pid) - before.cpuMs;
  const residentNowKb = residentKb(simulator.pid);
  const openNow = Number((await control(simulator, 'counts'))['open_now']);

  say('All readers leave …');
  const closes = seen.requestIds.map((requestId, index) => {
    seen.leave[index]?.();
    return { request_id: requestId, at_ms: performance.timeOrigin + performance.now() };
  });
  await until(async () => (await control(simulator, 'counts'))['open_now'] === 0);
  const counts = await control(simulator, 'closes', closes);
  const noticed = counts['abort_noticed_ms'] as {
    readonly count: number;
    readonly p50: number;
    readonly p99: number;
  };

  const name = (text: string): string => `${text}, ${isHttp2 ? 'HTTP/2' : 'HTTP/1.1'}`;
  return [
    figure({
      name: name('streams open at the end'),
      value: openNow,
      unit: 'streams',
      bar: { atLeast: STREAMS },
    }),
    figure({
      name: name('tokens read, beside those ordered'),
      value: (tokens / elapsedMs) * 1000,
      unit: 'tokens/s',
      floor: STREAMS * TOKENS_PER_SECOND,
      bar: { ratioAtLeast: 0.97 },
    }),
    ...[0.5, 0.99].map((share) =>
      figure({
        name: name(`time between two tokens p${share * 100}, beside the one ordered`),
        value: percentile(seen.gapsMs, share),
        unit: 'ms',
        floor: 1000 / TOKENS_PER_SECOND,
        ...(share === 0.99 && { bar: { ratioAtMost: 2 } }),
      }),
    ),
    figure({ name: name('CPU of the simulator'), value: (usedMs * 1000) / tokens, unit: 'µs/token' }),
    figure({ name: name('share of one core'), value: usedMs / elapsedMs, unit: 'cores', bar: { atMost: 1 } }),
    figure({
      name: name('memory of the simulator'),
      value: (residentNowKb - idleKb) / STREAMS,
      unit: 'KB/stream',
    }),
    figure({
      name: name('aborts that were noticed'),
      value: noticed.count,
      unit: 'streams',
      bar: { atLeast: STREAMS },
    }),
    figure({ name: name('all leave at once: noticed p50'), value: noticed.p50, unit: 'ms' }),
    figure({ name: name('all leave at once: noticed p99'), value: noticed.p99, unit: 'ms' }),
  ];
}

async function openHttp1(simulator: Simulator, seen: Seen): Promise<void> {
  const { address } = simulator;
  const headers = Object.entries(signedHeaders(simulator, 'host')).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const request = `POST ${MODEL_PATH} HTTP/1.1\r\n${headers.join('')}\r\n${BODY}`;
  await eachInTurns(async () => {
    const socket = connect({ port: Number(address.port), host: address.hostname, noDelay: true });
    await once(socket, 'connect');
    const onBytes = reader(seen);
    let head = '';
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) {
        head += text;
        if (!head.includes('\r\n\r\n')) return;
        if (!head.startsWith('HTTP/1.1 200')) reject(new Error(head));
        seen.requestIds.push(/x-amzn-requestid: (\S+)/i.exec(head)?.[1] ?? '');
        seen.leave.push(() => socket.destroy());
        resolve();
      }
      onBytes(text);
    });
    socket.on('error', reject);
    socket.write(request);
    await promise;
  });
}

async function openHttp2(simulator: Simulator, seen: Seen): Promise<void> {
  const headers = signedHeaders(simulator, ':authority');
  const sessions: ClientHttp2Session[] = [];
  for (let count = 0; count < STREAMS; count += STREAMS_A_SESSION) {
    const session = connectHttp2(simulator.address);
    session.unref();
    await once(session, 'connect');
    sessions.push(session);
  }
  let opened = 0;
  await eachInTurns(async () => {
    const session = sessions[opened % sessions.length];
    opened += 1;
    if (session === undefined) throw new Error('There is no session.');
    const stream = session.request({ ':method': 'POST', ':path': MODEL_PATH, ...headers });
    const onBytes = reader(seen);
    stream.on('data', (bytes: Buffer) => onBytes(bytes.toString('latin1')));
    stream.on('error', () => {});
    stream.end(BODY);
    const [response] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>];
    if (response[':status'] !== 200) throw new Error(`The simulator answers ${JSON.stringify(response)}.`);
    seen.requestIds.push(String(response['x-amzn-requestid']));
    seen.leave.push(() => stream.close(8));
  });
}

/** Counts tokens by the name of their event, also where it is cut in two. */
function reader(seen: Seen): OnBytes {
  let rest = '';
  let lastMs = 0;
  return (text) => {
    const all = rest + text;
    let at = all.indexOf(TOKEN_MARK);
    let end = 0;
    while (at !== -1) {
      const nowMs = performance.now();
      if (lastMs !== 0) seen.gapsMs.push(nowMs - lastMs);
      lastMs = nowMs;
      seen.tokens += 1;
      end = at + TOKEN_MARK.length;
      at = all.indexOf(TOKEN_MARK, end);
    }
    rest = all.slice(Math.max(end, all.length - TOKEN_MARK.length + 1));
  };
}

/** All streams ask the same, so that one signature is good for them all. */
function signedHeaders(
  { address, environment }: Simulator,
  host: 'host' | ':authority',
): Record<string, string> {
  const longDate = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    [host]: address.host,
    'content-length': String(Buffer.byteLength(BODY)),
    'content-type': 'application/json',
    'x-amz-date': longDate,
  };
  const names = Object.keys(headers).sort();
  const scope = {
    day: longDate.slice(0, 8),
    region: environment.get('AWS_REGION') ?? '',
    service: 'bedrock',
  };
  const signature = signatureOf(
    { method: 'POST', path: MODEL_PATH, headers, body: Buffer.from(BODY) },
    { secret: environment.get('AWS_SECRET_ACCESS_KEY') ?? '', scope, names, longDate },
  );
  const credential = `${environment.get('AWS_ACCESS_KEY_ID')}/${scope.day}/${scope.region}/bedrock/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature.toString('hex')}`;
  return { ...headers, authorization };
}

async function startSimulator(folder: string): Promise<Simulator> {
  const answers = join(folder, 'answer.txt');
  // Longer than it takes to open all streams and to read them.
  writeFileSync(answers, Array.from({ length: 6000 }, (_, index) => `word${index % 100}`).join(' '));
  const flags = ['--port', '0', '--answers', answers, '--tokens-per-second', String(TOKENS_PER_SECOND)];
  const child = spawn(process.execPath, [main, 'simulate', 'bedrock', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const environment = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, value] = /export (\w+)=(.*)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) environment.set(name, value);
    if (line.startsWith('Then')) break;
  }
  child.stdout.resume();
  return {
    address: new URL(environment.get('AWS_ENDPOINT_URL_BEDROCK_RUNTIME') ?? ''),
    pid: child.pid ?? 0,
    environment,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      process.off('exit', killAtExit);
    },
  };
}

async function control(
  { address }: Simulator,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  return (await (await fetch(new URL(`/_simulator/${path}`, address), init)).json()) as Record<
    string,
    unknown
  >;
}

async function eachInTurns(open: () => Promise<void>): Promise<void> {
  let left = STREAMS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await open();
    }
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_A_TIME }, worker));
}

/** Of user and system together, as Linux tells it in hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function until(isReached: () => Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + 60_000;
  while (!(await isReached())) {
    if (performance.now() > limitMs) throw new Error('It has not come to it within a minute.');
    await waitMs(50);
  }
}

async function waitMs(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
