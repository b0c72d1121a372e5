import { array, assert, asyncProperty, constantFrom, integer, property, string, tuple } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type QdrantSimulator, startQdrantSimulator } from '../simulators/qdrant-simulator.ts';
import { exampleDocument } from '../testing/example-documents.ts';
import { fact, orderParts } from './qdrant-facts.ts';
import { QdrantStore } from './qdrant-store.ts';

let simulator: QdrantSimulator;
let collections = 0;
beforeAll(async () => {
  simulator = await startQdrantSimulator();
});
afterAll(async () => simulator.close());
const open = async () => QdrantStore.open({ url: simulator.url, collection: `c${(collections += 1)}` });

const text = string({ unit: constantFrom('a', 'b', 'é', '東', '\u0000', '👩'), maxLength: 14 });
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('the parts that texts are ordered by', () => {
  it('compare as their UTF-8 does', () => {
    assert(
      property(text, text, (a, b) => {
        const [x, y] = [orderParts(a, 99), orderParts(b, 99)];
        const at = x.findIndex((part, n) => part !== y[n]);
        const order = at === -1 ? 0 : (x[at] ?? 0) - (y[at] ?? 0);
        expect(Math.sign(order)).toBe(Math.sign(compare(a, b)));
        expect(x.every(Number.isSafeInteger)).toBe(true);
      }),
    );
  });
});

describe('a fact', () => {
  it('is the same for the same key and value alone', () => {
    const long = 'x'.repeat(1000);
    const facts = [
      fact('string', 'a', 'b'),
      fact('string', 'a'),
      fact('string', 'a","b'),
      fact('number', 'a', 1),
      fact('string', 'a', '1'),
      fact('strings', 'a', 'b'),
      fact('string', 'a', long),
      fact('string', 'a', `${long}y`),
    ];
    expect(new Set(facts).size).toBe(facts.length);
    expect(facts.every(({ length }) => length <= 256)).toBe(true);
  });
});

describe('a store in Qdrant', () => {
  it('lists any ids in the order of their UTF-8, page after page', async () => {
    // Beginnings of 30 bytes are longer than what the order is kept of.
    const id = tuple(constantFrom('', 'a', 'x'.repeat(6), 'x'.repeat(30)), text).map(
      ([start, end]) => `${start}${end}-`,
    );
    await assert(
      asyncProperty(
        array(id, { minLength: 1, maxLength: 25 }),
        integer({ min: 1, max: 7 }),
        async (given, limit) => {
          const ids = [...new Set(given)];
          await using store = await open();
          await store.replaceDocuments(ids.map((each) => exampleDocument(each, ['text'])));
          const listed: string[] = [];
          for (;;) {
            const after = listed.at(-1);
            const page = await store.listDocuments({ limit, ...(after !== undefined && { after }) });
            listed.push(...page.map((document) => document.id));
            if (page.length < limit) break;
          }
          expect(listed).toEqual(ids.toSorted(compare));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('compares any texts by their UTF-8', async () => {
    await assert(
      asyncProperty(array(text, { minLength: 1, maxLength: 8 }), text, async (values, bound) => {
        await using store = await open();
        await store.replaceDocuments(
          values.map((value, n) => exampleDocument(`d${n}`, ['common'], { metadata: { value } })),
        );
        for (const [operator, holds] of [
          ['>', (order: number) => order > 0],
          ['>=', (order: number) => order >= 0],
          ['<', (order: number) => order < 0],
          ['<=', (order: number) => order <= 0],
        ] as const) {
          const filters = { filters: [{ key: 'value', operator, value: bound }] };
          const found = await store.query({ mode: 'sparse', text: 'common', topK: 20, filters });
          const expected = values.flatMap((value, n) => (holds(compare(value, bound)) ? [`d${n}`] : []));
          expect(found.map(({ chunk }) => chunk.documentId).toSorted()).toEqual(expected);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('refuses to compare with a text longer than it can tell', async () => {
    await using store = await open();
    const filters = { filters: [{ key: 'value', operator: '>', value: 'x'.repeat(60) }] } as const;
    await expect(store.query({ mode: 'sparse', text: 'common', topK: 1, filters })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('59 bytes') as string,
    });
  });
});
