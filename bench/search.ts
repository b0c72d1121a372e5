import { connect, MatchQuery, type Table } from '@lancedb/lancedb';
import { parseArgs } from 'node:util';
import { VectorIndexRetriever } from '../src/retrieval/vector-index-retriever.ts';
import { CHUNK_COLUMNS } from '../src/stores/lancedb-rows.ts';
import { LanceDBStore } from '../src/stores/lancedb-store.ts';
import type { DocumentChunks } from '../src/stores/vector-store.ts';
import { measureEventLoopLag } from './event-loop-lag.ts';
import { figure, percentile, printFigures, say } from './figure.ts';
import { passage, readRealText, type RealText, seededRandom } from './real-text.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/**
 * What retrieval costs beside the LanceDB call it makes: `VectorIndexRetriever.retrieve` and a full-text search sent
 * to LanceDB directly, in turns, over the same table.
 */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, chunks: { type: 'string', default: '50000' } },
});
const CHUNKS = Number(values.chunks);
const CHUNKS_A_DOCUMENT = 5;
const DOCUMENTS_A_CALL = 100;
const WORDS_A_CHUNK = 120;
const TOP_K = 6;
const IN_FLIGHT = 16;
const ROUNDS = values.quick ? 1 : 3;

if (!Number.isInteger(CHUNKS) || CHUNKS < CHUNKS_A_DOCUMENT) {
  say(`--chunks ${values.chunks}: give a whole number from ${CHUNKS_A_DOCUMENT} on.`);
  process.exit(2);
}

type Search = (question: string) => Promise<unknown>;

await withTemporaryFolder('search', async (folder) => {
  const text = readRealText();
  await using store = await LanceDBStore.open(folder);
  const storedMs = await fill(store, text);
  const table = await (await connect(folder)).openTable('documents');
  const retriever = new VectorIndexRetriever({ store, similarityTopK: TOP_K });
  const product: Search = async (question) => retriever.retrieve(question);
  const bare: Search = async (question) => askLanceDB(table, question);

  say(`Asking ${text.questions.length} questions one by one, ${ROUNDS} time(s), each of both in turns …`);
  for (const search of [product, bare]) for (const question of text.questions) await search(question);
  const latencies = await measureLatencies(text.questions, product, bare);

  say(`Asking with ${IN_FLIGHT} in flight, both in turns …`);
  const throughput = await measureThroughput(text.questions, product, bare);

  printFigures('search', [
    figure({ name: 'stored, indexed included', value: (CHUNKS / storedMs) * 1000, unit: 'chunks/s' }),
    ...[0.5, 0.99].map((share) =>
      figure({
        name: `retrieve p${share * 100}, ${CHUNKS} chunks`,
        value: percentile(latencies.product, share),
        unit: 'ms',
        floor: percentile(latencies.bare, share),
        ...(share === 0.5 && { bar: { ratioAtMost: 1.3 } }),
      }),
    ),
    figure({
      name: `queries with ${IN_FLIGHT} in flight`,
      value: throughput.product,
      unit: 'queries/s',
      floor: throughput.bare,
      bar: { ratioAtLeast: 0.75 },
    }),
    figure({
      name: 'event-loop lag p99 meanwhile',
      value: throughput.lagP99Ms,
      unit: 'ms',
      bar: { atMost: 30 },
    }),
  ]);
});

async function fill(store: LanceDBStore, { origin, texts }: RealText): Promise<number> {
  const random = seededRandom(1);
  const documents = Math.floor(CHUNKS / CHUNKS_A_DOCUMENT);
  say(`Storing ${CHUNKS} chunks of ${WORDS_A_CHUNK} words, made from ${origin}, as ${documents} documents …`);
  const started = performance.now();
  for (let first = 0; first < documents; first += DOCUMENTS_A_CALL) {
    const count = Math.min(DOCUMENTS_A_CALL, documents - first);
    await store.replaceDocuments(
      Array.from({ length: count }, (_, n) => generateDocument(`generated-${first + n}`, texts, random)),
    );
  }
  await store.optimize();
  const elapsedMs = performance.now() - started;
  say(`Stored and indexed in ${(elapsedMs / 1000).toFixed(1)} s.`);
  return elapsedMs;
}

function generateDocument(id: string, texts: RealText['texts'], random: () => number): DocumentChunks {
  let start = 0;
  const chunks = Array.from({ length: CHUNKS_A_DOCUMENT }, (_, index) => {
    const text = passage(texts, WORDS_A_CHUNK, random);
    const chunk = {
      id: `${id}-${index}`,
      index,
      text,
      start,
      end: start + text.length,
      tokens: WORDS_A_CHUNK,
    };
    start = chunk.end + 1;
    return chunk;
  });
  const document = {
    id,
    source: `/generated/${id}.txt`,
    uri: `${id}.txt`,
    title: passage(texts, 8, random),
    mediaType: 'text/plain',
    bytes: start,
    contentHash: id,
    metadata: { year: 1900 + Math.floor(random() * 100) },
  };
  return { document, chunks };
}

/** The floor: LanceDB's full-text search of the same index, with nothing of this project around it. */
async function askLanceDB(table: Table, question: string): Promise<unknown> {
  return table
    .query()
    .fullTextSearch(new MatchQuery(question, 'searched_text'))
    .select([...CHUNK_COLUMNS, '_score'])
    .limit(TOP_K)
    .toArray();
}

async function measureLatencies(questions: readonly string[], product: Search, bare: Search) {
  const latencies = { product: [] as number[], bare: [] as number[] };
  const time = async (search: Search, question: string, into: number[]) => {
    const started = performance.now();
    await search(question);
    into.push(performance.now() - started);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [at, question] of questions.entries()) {
      // Who goes first alternates: the second finds the caches warm.
      const productFirst = (at + round) % 2 === 0;
      if (productFirst) await time(product, question, latencies.product);
      await time(bare, question, latencies.bare);
      if (!productFirst) await time(product, question, latencies.product);
    }
  }
  return latencies;
}

async function measureThroughput(questions: readonly string[], product: Search, bare: Search) {
  const spent = { product: 0, bare: 0 };
  const lags: number[] = [];
  const rounds = 2 * ROUNDS;
  // Long enough that the first and the last of them, with fewer in flight, do not count.
  const many = Array.from({ length: 5 }, () => questions).flat();
  for (let round = 0; round < rounds; round += 1) {
    const endLag = measureEventLoopLag();
    spent.product += await timeInFlight(many, product);
    lags.push(endLag().p99Ms);
    spent.bare += await timeInFlight(many, bare);
  }
  const asked = rounds * many.length * 1000;
  return { product: asked / spent.product, bare: asked / spent.bare, lagP99Ms: Math.max(...lags) };
}

async function timeInFlight(questions: readonly string[], search: Search): Promise<number> {
  const started = performance.now();
  const waiting = questions.values();
  const askOn = async () => {
    for (const question of waiting) await search(question);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, askOn));
  return performance.now() - started;
}
