import { afterAll, beforeAll, expect, it } from 'vitest';
import { InvalidInputError } from '../errors.ts';
import type { VectorStore } from '../stores/vector-store.ts';
import { exampleDocument, type MakeVectorStore } from './example-documents.ts';

/** The part of the contract about search by words; `describeVectorStore` includes it. */
export function describeWords(make: MakeVectorStore): void {
  let store: VectorStore;
  const search = async (text: string, topK = 10) =>
    (await store.query({ mode: 'sparse', text, topK })).map(({ chunk }) => chunk.id);
  beforeAll(async () => {
    store = await make({});
    await store.replaceDocuments([
      exampleDocument('waves', ['Shock waves form in supersonic flow.', 'The boundary layer is laminar.']),
      exampleDocument('tea', ['Green tea is steeped, not boiled.'], { headings: ['Kitchen › Brewing'] }),
      exampleDocument('tokyo', ['東京都は日本の首都です。']),
      exampleDocument('code', ['Call "foo(bar)" AND (baz OR qux) NOT +quux -corge ~grault^2 *.']),
    ]);
  });
  afterAll(async () => store[Symbol.asyncDispose]());

  it('finds the best chunks first, by words and their stems, with scores that fall', async () => {
    const found = await store.query({ mode: 'sparse', text: 'a shock wave in the flow of tea', topK: 10 });
    expect(found[0]?.chunk.id).toBe('waves:v1:0');
    expect(found.map(({ score }) => score)).toEqual(
      found.map(({ score }) => score).toSorted((a, b) => b - a),
    );
    expect(found.every(({ score }) => score > 0)).toBe(true);
  });

  it('returns no more than topK', async () => {
    expect(await search('shock boundary tea', 1)).toHaveLength(1);
  });

  it('finds words of the title and of the headings', async () => {
    expect(await search('brewing')).toEqual(['tea:v1:0']);
  });

  it('finds words of scripts that have no spaces', async () => {
    expect(await search('首都')).toEqual(['tokyo:v1:0']);
  });

  it('finds the same after optimizing', async () => {
    const before = await search('supersonic shock');
    await store.optimize();
    expect(await search('supersonic shock')).toEqual(before);
  });

  it.each(['', '   ', '?!', 'the of and', '\u0000', 'zyxwv'])('finds nothing for %j', async (text) => {
    expect(await search(text)).toEqual([]);
  });

  it.each([
    '"foo(bar)" AND (baz',
    'text:foo OR *',
    '+corge -qux ~1^2',
    "it's; drop table -- foo",
    '\\foo\\"',
  ])('reads search syntax as words: %j', async (text) => {
    await expect(search(text)).resolves.toBeInstanceOf(Array);
  });

  it('answers a question of a megabyte', async () => {
    expect(await search('shock wave '.repeat(100_000), 1)).toEqual(['waves:v1:0']);
    await expect(search('x'.repeat(1_000_000))).resolves.toEqual([]);
  });

  it.each([0, -1, 1.5, 1e9, Number.NaN])('refuses topK %d', async (topK) => {
    await expect(store.query({ mode: 'sparse', text: 'tea', topK })).rejects.toThrow(InvalidInputError);
  });

  it('refuses a search by vector', async () => {
    const query = { mode: 'default', vector: new Float32Array(3), topK: 1 } as const;
    await expect(store.query(query)).rejects.toThrow(InvalidInputError);
  });
}

/** The part of the contract about search by vectors; `describeVectorStore` includes it. */
export function describeVectors(make: MakeVectorStore): void {
  let store: VectorStore;
  const vector = (...values: number[]) => Float32Array.from(values);
  beforeAll(async () => {
    store = await make({ dimension: 3 });
    await store.replaceDocuments([
      exampleDocument('axes', ['x', 'y', 'z'], {
        vectors: [vector(2, 0, 0), vector(0, 3, 0), vector(0, 0, 4)],
        metadata: { kind: 'axis' },
      }),
      exampleDocument('other', ['minus x', 'nothing'], { vectors: [vector(-1, 0, 0), vector(0, 0, 0)] }),
    ]);
  });
  afterAll(async () => store[Symbol.asyncDispose]());

  it('says its dimension and its modes', () => {
    expect(store.dimension).toBe(3);
    expect(store.modes).toEqual(expect.arrayContaining(['sparse', 'default']));
  });

  it('finds the nearest by angle first, with the cosine as score', async () => {
    const found = await store.query({ mode: 'default', vector: vector(5, 1, 0), topK: 2 });
    expect(found.map(({ chunk }) => chunk.text)).toEqual(['x', 'y']);
    expect(found[0]?.score).toBeCloseTo(5 / Math.sqrt(26), 5);
    expect(found[1]?.score).toBeCloseTo(1 / Math.sqrt(26), 5);
  });

  it('finds the nearest of those that pass the filters, however far the others push them', async () => {
    const filters = { filters: [{ key: 'kind', operator: 'is_empty' }] } as const;
    const found = await store.query({ mode: 'default', vector: vector(1, 0, 0), topK: 1, filters });
    expect(found.map(({ chunk }) => chunk.documentId)).toEqual(['other']);
  });

  it('searches by words too', async () => {
    const found = await store.query({ mode: 'sparse', text: 'minus', topK: 5 });
    expect(found.map(({ chunk }) => chunk.text)).toEqual(['minus x']);
  });

  it('refuses vectors of another length, of no numbers, or missing', async () => {
    const wrong: readonly (readonly Float32Array[] | undefined)[] = [
      [vector(1, 2)],
      [vector(1, Number.NaN, 2)],
      [],
      undefined,
    ];
    for (const vectors of wrong) {
      const entry = exampleDocument('wrong', ['text'], vectors && { vectors });
      await expect(store.replaceDocuments([entry])).rejects.toThrow(InvalidInputError);
    }
    await expect(store.query({ mode: 'default', vector: vector(1), topK: 1 })).rejects.toThrow(
      InvalidInputError,
    );
    await expect(store.query({ mode: 'default', topK: 1 })).rejects.toThrow(InvalidInputError);
  });
}
