import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { figure, percentile, printFigures, say } from './figure.ts';
import { generatePdf } from './generate-pdf.ts';
import { passage, readRealText, type RealText, seededRandom } from './real-text.ts';
import { startServer } from './served-process.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/**
 * What an ingest costs the readers: a `citestream serve` process is asked all the time, first alone, then while a
 * large PDF, then while many Markdown files arrive through `POST /documents`. The lag is what the server itself
 * measured, from its `/metrics`, whose window begins anew with every scrape. The floor beside it is the lag of an idle
 * event loop on the same machine at the same time: with more to do than processors, that one is late too.
 */
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const ROUNDS = values.quick ? 1 : 3;
const BASELINE_MS = values.quick ? 3000 : 10_000;
const IN_FLIGHT = 4;
const PDF_BYTES = 20_000_000;
const PDF_PAGES = 1000;
const FILES = 2000;
const WORDS_A_FILE = 400;
const FIRST_DOCUMENTS = 300;
const LAG_BAR_MS = 50;

interface Phase {
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  readonly idleP99Ms: number;
  readonly firstTokenMs: readonly number[];
}

/** Has nothing to do but to be late. */
const idle = new Worker(new URL('idle-loop.ts', import.meta.url));
idle.unref();

interface Upload {
  readonly name: string;
  readonly form: FormData;
  readonly files: number;
}

await withTemporaryFolder('loop', async (folder) => {
  const text = readRealText();
  const random = seededRandom(3);
  writeFirstDocuments(join(folder, 'first'), text, random);
  await using server = await startServer(folder, { words: ['first', '--data-dir', join(folder, 'data')] });
  const { address } = server;
  say(
    `Asking ${address} with ${IN_FLIGHT} questions in flight, ${ROUNDS} round(s); texts from ${text.origin} …`,
  );
  await whileAsking(address, text.questions, async () => delay(3000));

  const phases = { alone: [] as Phase[], pdf: [] as Phase[], markdown: [] as Phase[] };
  const measureAlone = async (): Promise<void> => {
    phases.alone.push(await whileAsking(address, text.questions, async () => delay(BASELINE_MS)));
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const pdf = await pdfUpload(text, { round, random });
    await measureAlone();
    phases.pdf.push(await whileAsking(address, text.questions, async () => ingest(address, pdf)));
    const markdown = markdownUpload(text, { round, random });
    if (!values.quick) await measureAlone();
    phases.markdown.push(await whileAsking(address, text.questions, async () => ingest(address, markdown)));
  }

  printFigures('loop', [
    ...lagFigures('questions alone', phases.alone),
    ...lagFigures(`a PDF of ${PDF_BYTES / 1e6} MB, ${PDF_PAGES} pages, is ingested`, phases.pdf, LAG_BAR_MS),
    ...lagFigures(`${FILES} Markdown files are ingested`, phases.markdown, LAG_BAR_MS),
    ...firstTokenFigures('the PDF is ingested', phases.pdf, phases.alone),
    ...firstTokenFigures('the Markdown files are ingested', phases.markdown, phases.alone),
  ]);
});

function lagFigures(name: string, phases: readonly Phase[], atMost?: number) {
  const worst = phases.reduce((a, b) => (b.lagP99Ms > a.lagP99Ms ? b : a));
  return [
    figure({
      name: `event-loop lag p99, ${name}`,
      value: worst.lagP99Ms,
      unit: 'ms',
      floor: worst.idleP99Ms,
      ...(atMost !== undefined && { bar: { atMost } }),
    }),
    figure({
      name: `event-loop lag max, ${name}`,
      value: Math.max(...phases.map(({ lagMaxMs }) => lagMaxMs)),
      unit: 'ms',
    }),
  ];
}

function firstTokenFigures(name: string, phases: readonly Phase[], alone: readonly Phase[]) {
  const times = (of: readonly Phase[]): readonly number[] => of.flatMap(({ firstTokenMs }) => firstTokenMs);
  return [0.5, 0.99].map((share) =>
    figure({
      name: `first token p${share * 100} while ${name}, beside questions alone`,
      value: percentile(times(phases), share),
      unit: 'ms',
      floor: percentile(times(alone), share),
    }),
  );
}

/** Asks without a pause while the work is under way, and reads the lag of exactly that time. */
async function whileAsking(
  address: string,
  questions: readonly string[],
  work: () => Promise<void>,
): Promise<Phase> {
  const firstTokenMs: number[] = [];
  const over = new AbortController();
  let asked = 0;
  const askOn = async (): Promise<void> => {
    while (!over.signal.aborted)
      firstTokenMs.push(await ask(address, questions[(asked += 1) % questions.length] ?? ''));
  };
  await readLag(address);
  const asking = Promise.all(Array.from({ length: IN_FLIGHT }, askOn));
  try {
    await Promise.race([work(), asking]);
    const lag = await readLag(address);
    return { ...lag, firstTokenMs };
  } finally {
    over.abort();
    // Whatever went wrong first is what is told.
    await Promise.allSettled([asking]);
  }
}

/** Asks in a new session, reads to the end, and gives the time to the first token. */
async function ask(address: string, message: string): Promise<number> {
  const started = performance.now();
  const response = await fetch(`${address}/chat/stream/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message }),
  });
  let firstTokenMs: number | undefined;
  let text = '';
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += Buffer.from(part).toString();
    if (firstTokenMs === undefined && text.includes('event: token'))
      firstTokenMs = performance.now() - started;
  }
  if (firstTokenMs === undefined || !text.includes('event: done')) {
    throw new Error(`A question was not answered (${response.status}): ${text.slice(-500)}`);
  }
  return firstTokenMs;
}

async function readLag(address: string): Promise<Omit<Phase, 'firstTokenMs'>> {
  idle.postMessage('next');
  const [{ p99Ms: idleP99Ms }] = (await once(idle, 'message')) as [{ readonly p99Ms: number }];
  const metrics = await (await fetch(`${address}/metrics`)).text();
  const lagMs = (quantile: string): number => {
    const [, seconds] =
      new RegExp(`^citestream_event_loop_lag_seconds\\{quantile="${quantile}"\\} (\\S+)$`, 'm').exec(
        metrics,
      ) ?? [];
    if (seconds === undefined) throw new Error('The server tells no event-loop lag.');
    return Number(seconds) * 1000;
  };
  return { lagP99Ms: lagMs('0.99'), lagMaxMs: lagMs('1'), idleP99Ms };
}

/** Uploads, and reads the job's progress to its end. */
async function ingest(address: string, { name, form, files }: Upload): Promise<void> {
  // Encoded beforehand: what the client works meanwhile would show in the first tokens it times.
  const encoded = new Response(form);
  const headers = { 'content-type': encoded.headers.get('content-type') ?? '' };
  const body = await encoded.arrayBuffer();
  const started = performance.now();
  const response = await fetch(`${address}/documents`, { method: 'POST', headers, body });
  const uploadedMs = performance.now() - started;
  if (response.status !== 202) throw new Error(`The upload was refused: ${await response.text()}`);
  const events = await (await fetch(`${address}${response.headers.get('location')}/events`)).text();
  const [, data = '{}'] = /event: done\ndata: (.*)/.exec(events) ?? [];
  const { summary } = JSON.parse(data) as { summary?: { added: number; chunks: number; failed: unknown[] } };
  if (summary?.added !== files) throw new Error(`Not all of ${name} was ingested: ${events.slice(-1000)}`);
  const elapsedMs = performance.now() - started;
  say(
    `${name}, ${(body.byteLength / 1e6).toFixed(1)} MB: uploaded in ${(uploadedMs / 1000).toFixed(1)} s, ` +
      `${summary.chunks} chunks after ${(elapsedMs / 1000).toFixed(1)} s.`,
  );
}

async function pdfUpload(
  text: RealText,
  { round, random }: { readonly round: number; readonly random: () => number },
): Promise<Upload> {
  const pdf = await generatePdf(text, { pages: PDF_PAGES, bytes: PDF_BYTES, random });
  const form = new FormData();
  form.append('files', new Blob([Buffer.from(pdf)], { type: 'application/pdf' }), `large-${round}.pdf`);
  return { name: 'The PDF', form, files: 1 };
}

function markdownUpload(
  text: RealText,
  { round, random }: { readonly round: number; readonly random: () => number },
): Upload {
  const form = new FormData();
  for (let number = 0; number < FILES; number += 1) {
    form.append(
      'files',
      new Blob([markdown(text, random)], { type: 'text/markdown' }),
      `${round}/note-${number}.md`,
    );
  }
  return { name: 'The Markdown', form, files: FILES };
}

function markdown({ texts }: RealText, random: () => number): string {
  const paragraphs = Array.from({ length: 4 }, () => `${passage(texts, WORDS_A_FILE / 4, random)}.`);
  return `# ${passage(texts, 6, random)}\n\n${paragraphs.join('\n\n## Part\n\n')}\n`;
}

function writeFirstDocuments(folder: string, text: RealText, random: () => number): void {
  mkdirSync(folder);
  for (let number = 0; number < FIRST_DOCUMENTS; number += 1) {
    writeFileSync(join(folder, `first-${number}.md`), markdown(text, random));
  }
}

async function delay(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
