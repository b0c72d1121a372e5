import path from 'node:path';
import { type QdrantFault, startQdrantSimulator } from '../simulators/qdrant-simulator.ts';
import { type FaultWords, parseFault } from './parse-fault.ts';
import { readList, readNumber, type StartSimulator } from './simulate.ts';

/** Qdrant's own. */
const DEFAULT_PORT = 6333;

const KINDS = {
  status: true,
  reset: true,
  stall: true,
  slow: true,
  cut: true,
  lost: true,
} satisfies Record<QdrantFault['kind'], true>;

const FAULT_WORDS: FaultWords = {
  kinds: Object.keys(KINDS),
  names: {
    times: 'times',
    after: 'after',
    status: 'status',
    delay: 'delayMs',
    'retry-after': 'retryAfterSeconds',
    operation: 'operation',
  },
  texts: new Set(['operation']),
};

/** Starts a simulated Qdrant from the flags of `citestream simulate qdrant`. */
export const startQdrant: StartSimulator = async ({ context, options }, { port = DEFAULT_PORT }) => {
  const { storage, apiKey } = options;
  const latencyMs = readNumber(options, { flag: '--latency-ms', name: 'latencyMs' });
  const simulator = await startQdrantSimulator({
    port,
    ...(typeof storage === 'string' && { directory: path.resolve(context.directory, storage) }),
    ...(typeof apiKey === 'string' && { apiKey }),
    ...(latencyMs !== undefined && { latencyMs }),
    faults: readList(options, 'fault').map((text) => parseFault(text, FAULT_WORDS) as unknown as QdrantFault),
  });
  return {
    name: 'Qdrant',
    url: simulator.url,
    environment: {},
    example: `citestream ingest docs --store qdrant:${simulator.url}/documents --embedder bm25`,
    counts: () => simulator.counts(),
    [Symbol.asyncDispose]: () => simulator.close(),
  };
};
