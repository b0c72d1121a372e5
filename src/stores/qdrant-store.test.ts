import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasQdrantOpenApi, qdrantOpenApiFaults } from '../../test/qdrant-openapi.ts';
import {
  type QdrantExchange,
  type QdrantSimulator,
  startQdrantSimulator,
} from '../simulators/qdrant-simulator.ts';
import { describeVectorStore } from '../testing/vector-store-contract.ts';
import { QdrantStore } from './qdrant-store.ts';

const realUrl = process.env['QDRANT_URL'];

describe('in the simulator', () => {
  let simulator: QdrantSimulator;
  const exchanges = new Map<string, number>();
  const faults: string[] = [];
  beforeAll(async () => {
    const check = hasQdrantOpenApi ? qdrantOpenApiFaults() : () => [];
    simulator = await startQdrantSimulator({
      onExchange(exchange: QdrantExchange) {
        const key = `${exchange.method} ${exchange.path.replace(/test-[^/]+/, 'NAME')}`;
        exchanges.set(key, (exchanges.get(key) ?? 0) + 1);
        faults.push(...check(exchange));
      },
    });
  });
  afterAll(async () => simulator.close());

  describeVectorStore('QdrantStore', async (options) =>
    QdrantStore.open({ ...options, url: simulator.url, collection: `test-${randomUUID()}` }),
  );

  describe.skipIf(!hasQdrantOpenApi)('held against the description of Qdrant 1.19', () => {
    it('asks and is answered, in all of the above, as the description has it', () => {
      expect(exchanges.size).toBeGreaterThan(8);
      expect(faults).toEqual([]);
    });
  });
});

describe.skipIf(realUrl === undefined)('in the Qdrant of QDRANT_URL', () => {
  const url = realUrl ?? '';
  const apiKey = process.env['QDRANT_API_KEY'];
  const made: string[] = [];
  afterAll(async () => {
    const headers = apiKey === undefined ? {} : { 'api-key': apiKey };
    for (const name of made) await fetch(new URL(`/collections/${name}`, url), { method: 'DELETE', headers });
  });

  describeVectorStore('QdrantStore', async (options) => {
    const collection = `citestream-test-${randomUUID()}`;
    made.push(collection);
    return QdrantStore.open({ ...options, url, apiKey, collection });
  });
});
