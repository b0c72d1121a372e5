import { QdrantClient } from '@qdrant/js-client-rest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasQdrantOpenApi, qdrantOpenApiFaults } from '../../test/qdrant-openapi.ts';
import { type QdrantExchange, type QdrantSimulator, startQdrantSimulator } from './qdrant-simulator.ts';

const clientOf = ({ url }: QdrantSimulator) => new QdrantClient({ url, checkCompatibility: false });

describe('the simulated Qdrant, asked by the official client', () => {
  let simulator: QdrantSimulator;
  let client: QdrantClient;
  const exchanges: QdrantExchange[] = [];
  beforeAll(async () => {
    simulator = await startQdrantSimulator({ onExchange: (exchange) => exchanges.push(exchange) });
    client = clientOf(simulator);
    await client.createCollection('c', {
      vectors: { d: { size: 2, distance: 'Dot' }, e: { size: 2, distance: 'Euclid' } },
      sparse_vectors: { s: { modifier: 'idf' }, plain: {} },
    });
    await client.createPayloadIndex('c', { field_name: 'n', field_schema: 'integer', wait: true });
    await client.upsert('c', {
      wait: true,
      points: [
        {
          id: 1,
          vector: {
            d: [1, 0],
            e: [1, 0],
            s: { indices: [1, 2], values: [1, 1] },
            plain: { indices: [1], values: [2] },
          },
          payload: {
            n: 3,
            tag: ['a', 'b'],
            text: 'One two',
            in: [
              { k: 1, v: 1 },
              { k: 2, v: 5 },
            ],
          },
        },
        {
          id: 2,
          vector: { d: [2, 0], e: [0, 0], s: { indices: [1], values: [1] } },
          payload: { n: 1, tag: 'b', none: null, empty: [] },
        },
        {
          id: 3,
          vector: { d: [0, 1], e: [5, 5], s: { indices: [1], values: [1] } },
          payload: { n: 2.5, in: [{ k: 1, v: 5 }] },
        },
      ],
    });
  });
  afterAll(async () => simulator.close());

  it.each<[object, number[]]>([
    [{ must: [{ key: 'tag', match: { value: 'b' } }] }, [1, 2]],
    [{ must: { key: 'tag', match: { value: 'a' } } }, [1]],
    [{ must: [{ key: 'tag', match: { any: ['a', 'x'] } }] }, [1]],
    [{ must: [{ key: 'tag', match: { except: ['b'] } }] }, [1]],
    [{ must_not: [{ key: 'tag', match: { any: ['b'] } }] }, [3]],
    [{ must: [{ key: 'text', match: { text: 'two' } }] }, [1]],
    [{ must: [{ key: 'text', match: { text: 'TWO' } }] }, []],
    [{ must: [{ key: 'n', match: { value: 3 } }] }, [1]],
    [{ must: [{ key: 'n', range: { gt: 1, lte: 3 } }] }, [1, 3]],
    [
      {
        should: [
          { key: 'n', range: { lt: 2 } },
          { key: 'tag', match: { value: 'a' } },
        ],
      },
      [1, 2],
    ],
    [
      {
        min_should: {
          conditions: [
            { key: 'n', range: { gte: 1 } },
            { key: 'tag', match: { value: 'b' } },
          ],
          min_count: 2,
        },
      },
      [1, 2],
    ],
    [{ must: [{ is_empty: { key: 'empty' } }] }, [1, 2, 3]],
    [{ must: [{ is_empty: { key: 'tag' } }] }, [3]],
    [{ must: [{ is_null: { key: 'none' } }] }, [2]],
    [{ must: [{ has_id: [3, 9] }] }, [3]],
    [
      {
        must: [
          { key: 'in[].v', range: { gt: 4 } },
          { key: 'in[].k', match: { value: 1 } },
        ],
      },
      [1, 3],
    ],
    [
      {
        must: [
          {
            nested: {
              key: 'in',
              filter: {
                must: [
                  { key: 'k', match: { value: 1 } },
                  { key: 'v', range: { gt: 4 } },
                ],
              },
            },
          },
        ],
      },
      [3],
    ],
    [{ must: [{ must_not: [{ has_id: [1] }] }, { key: 'n', range: { gt: 1 } }] }, [3]],
    [{}, [1, 2, 3]],
  ])('lets %j through', async (filter, expected) => {
    const { points } = await client.scroll('c', { filter });
    expect(points.map(({ id }) => id)).toEqual(expected);
    expect((await client.count('c', { filter })).count).toBe(expected.length);
  });

  it.each<[object, number[]]>([
    [{ query: [1, 0], using: 'd' }, [2, 1, 3]],
    [{ query: [1, 0], using: 'e' }, [1, 2, 3]],
    [{ query: [1, 0], using: 'e', score_threshold: 1 }, [1, 2]],
    [{ query: [1, 0], using: 'd', limit: 1, offset: 1 }, [1]],
    [{ query: { indices: [2], values: [1] }, using: 's' }, [1]],
    [{ query: 2, using: 'd' }, [2, 1, 3]],
    [{ query: { order_by: 'n' } }, [2, 3, 1]],
    [{ prefetch: { query: [1, 0], using: 'd', limit: 2 }, query: [1, 0], using: 'e' }, [1, 2]],
  ])('finds by %j', async (query, expected) => {
    const { points } = await client.query('c', query);
    expect(points.map(({ id }) => id)).toEqual(expected);
  });

  it('weighs rare words more with the modifier idf, and all alike without', async () => {
    const score = async (using: string, index: number) =>
      (await client.query('c', { query: { indices: [index], values: [1] }, using })).points[0]?.score;
    expect(await score('s', 1)).toBeCloseTo(Math.log(0.5 / 3.5 + 1), 5);
    expect(await score('s', 2)).toBeCloseTo(Math.log(2.5 / 1.5 + 1), 5);
    expect(await score('plain', 1)).toBe(2);
  });

  it('fuses by rank and by score as Qdrant does', async () => {
    const prefetch = [
      { query: [1, 0], using: 'd' },
      { query: [1, 0], using: 'e' },
    ];
    const scores = async (query: NonNullable<Parameters<QdrantClient['query']>[1]['query']>) =>
      (await client.query('c', { prefetch, query })).points.map(({ id, score }) => [
        id,
        Number(score.toFixed(4)),
      ]);
    // Ranks: 2 1 3 and 1 2 3.
    expect(await scores({ fusion: 'rrf' })).toEqual(
      expect.arrayContaining([
        [1, 0.8333],
        [2, 0.8333],
        [3, 0.5],
      ]),
    );
    expect(await scores({ rrf: { k: 1, weights: [3, 1] } })).toEqual([
      [2, 3.5],
      [1, 2.5],
      [3, 1.3333],
    ]);
    const [, middle] = await scores({ fusion: 'dbsf' });
    expect(middle?.[1]).toBeGreaterThan(0);
  });

  it.each<[string, () => Promise<unknown>, number, RegExp]>([
    ['an unknown collection', async () => client.getCollection('x'), 404, /`x` doesn't exist/],
    [
      'one that is there already',
      async () => client.createCollection('c', { vectors: {} }),
      409,
      /already exists/,
    ],
    [
      'a vector of another length',
      async () => client.query('c', { query: [1], using: 'd' }),
      400,
      /expected dim: 2, got 1/,
    ],
    [
      'an unknown vector',
      async () => client.query('c', { query: [1], using: 'x' }),
      400,
      /Not existing vector name/,
    ],
    [
      'a match of a fraction',
      async () => client.count('c', { filter: { must: [{ key: 'n', match: { value: 2.5 } }] } }),
      400,
      /ValueVariants/,
    ],
    [
      'a match of texts and numbers',
      async () => client.count('c', { filter: { must: [{ key: 'n', match: { any: [1, 'a'] as never } }] } }),
      400,
      /AnyVariants/,
    ],
    ['an order without an index', async () => client.scroll('c', { order_by: 'tag' }), 400, /No range index/],
    [
      'an id that is none',
      async () => client.upsert('c', { points: [{ id: 'x', vector: {} }] }),
      400,
      /not a valid point ID/,
    ],
    ['a deletion of nothing named', async () => client.delete('c', {} as never), 400, /points or a filter/],
  ])('refuses %s', async (_, ask, status, message) => {
    await expect(ask()).rejects.toMatchObject({
      status,
      data: { status: { error: expect.stringMatching(message) as string } },
    });
  });

  describe.skipIf(!hasQdrantOpenApi)('held against the description of Qdrant 1.19', () => {
    it('answers as the description has it, and the check would notice if not', () => {
      const check = qdrantOpenApiFaults();
      expect(exchanges.length).toBeGreaterThan(30);
      expect(exchanges.filter(({ status }) => status < 400).flatMap(check)).toEqual([]);
      const search = exchanges.find(({ path }) => path.endsWith('/points/query'));
      expect(search && check({ ...search, requestBody: { limit: 0 } })).toHaveLength(1);
      expect(search && check({ ...search, responseBody: { result: { points: [{ id: 1 }] } } })).toHaveLength(
        1,
      );
      expect(search && check({ ...search, path: '/nowhere' })).toHaveLength(1);
    });
  });
});

describe('the simulated Qdrant', () => {
  it('keeps what it answered, in a folder', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'citestream-qdrant-'));
    {
      await using simulator = await startQdrantSimulator({ directory });
      const client = clientOf(simulator);
      await client.createCollection('a/b'.replace('/', ' '), {
        vectors: { d: { size: 1, distance: 'Dot' } },
      });
      await client.createCollection('gone', { vectors: {} });
      const points = [1, 2].map((id) => ({ id, vector: { d: [id] }, payload: { id } }));
      await client.upsert('a b', { wait: true, points });
      await client.setPayload('a b', { points: [2], payload: { more: true } });
      await client.delete('a b', { points: [1] });
      await client.deleteCollection('gone');
    }
    await using again = await startQdrantSimulator({ directory });
    const client = clientOf(again);
    expect((await client.getCollections()).collections).toEqual([{ name: 'a b' }]);
    const { points } = await client.scroll('a b', { with_vector: true });
    expect(points).toEqual([{ id: 2, payload: { id: 2, more: true }, vector: { d: [2] } }]);
    await rm(directory, { recursive: true });
  });

  it('says that it is well without a key, and nothing else', async () => {
    await using simulator = await startQdrantSimulator({ apiKey: 'k' });
    for (const path of ['healthz', 'readyz', 'livez'])
      expect((await fetch(`${simulator.url}/${path}`)).status).toBe(200);
    expect((await fetch(`${simulator.url}/collections`)).status).toBe(401);
    const headers = { authorization: 'Bearer k' };
    expect((await fetch(`${simulator.url}/collections`, { headers })).status).toBe(200);
  });

  it('fails to order, and counts', async () => {
    await using simulator = await startQdrantSimulator({
      faults: [
        {
          kind: 'status',
          status: 429,
          retryAfterSeconds: 7,
          operation: 'GET /collections',
          after: 1,
          times: 1,
        },
      ],
    });
    const ask = async () => fetch(`${simulator.url}/collections`);
    expect((await ask()).status).toBe(200);
    const busy = await ask();
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '7']);
    expect((await ask()).status).toBe(200);
    for (const kind of ['reset', 'cut', 'lost'] as const) {
      simulator.fail({ kind, times: 1 });
      await expect(ask().then(async (response) => response.text())).rejects.toThrow(TypeError);
    }
    simulator.fail({ kind: 'stall', times: 1 });
    const stalled = fetch(`${simulator.url}/collections`, { signal: AbortSignal.timeout(50) });
    await expect(stalled).rejects.toThrow('timeout');
    await expect.poll(() => simulator.counts().open).toBe(0);
    expect(simulator.counts()).toMatchObject({
      requests: 7,
      faults: 5,
      operations: { 'GET /collections': 7 },
    });
    expect(simulator.counts().aborted).toBe(4);
  });
});
