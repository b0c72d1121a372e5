import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  double,
  oneof,
  string,
  tuple,
} from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Metadata } from '../documents/document.ts';
import { InvalidInputError } from '../errors.ts';
import type { MetadataFilter, MetadataFilters } from '../stores/metadata-filters.ts';
import type { VectorStore } from '../stores/vector-store.ts';
import { exampleDocument, type MakeVectorStore } from './example-documents.ts';

const DOCUMENTS: Readonly<Record<string, Metadata>> = {
  a: { year: 1950, author: "O'Brien", tags: ['red', 'blue'], sizes: [1, 2], open: true, note: '' },
  b: { year: 1960.5, author: 'smith', tags: ['blue'], sizes: [2, 3], open: false, note: 'x' },
  c: { year: '1950', author: 'Smith & Sons', tags: 'red', open: 'true' },
  d: {},
};

/** What each filter lets through; a key that is missing equals nothing, differs from all and is empty. */
const TABLE: readonly (readonly [MetadataFilter, string])[] = [
  [{ key: 'author', value: 'smith' }, 'b'],
  [{ key: 'author', operator: '==', value: "O'Brien" }, 'a'],
  [{ key: 'year', value: 1950 }, 'a'],
  [{ key: 'year', value: '1950' }, 'c'],
  [{ key: 'open', value: true }, 'a'],
  [{ key: 'open', value: 'true' }, 'c'],
  [{ key: 'note', value: '' }, 'a'],
  [{ key: 'tags', value: 'red' }, 'c'],
  [{ key: 'nobody', value: 'x' }, ''],
  [{ key: 'year', operator: '!=', value: 1950 }, 'bcd'],
  [{ key: 'nobody', operator: '!=', value: 'x' }, 'abcd'],
  [{ key: 'year', operator: '>', value: 1950 }, 'b'],
  [{ key: 'year', operator: '>=', value: 1950 }, 'ab'],
  [{ key: 'year', operator: '<', value: 1960.5 }, 'a'],
  [{ key: 'year', operator: '<=', value: 1e21 }, 'ab'],
  [{ key: 'year', operator: '>', value: -1.5e-7 }, 'ab'],
  [{ key: 'year', operator: '>=', value: '1950' }, 'c'],
  [{ key: 'author', operator: '<', value: 'a' }, 'ac'],
  [{ key: 'author', operator: '<=', value: 'smith' }, 'abc'],
  [{ key: 'year', operator: 'in', value: [1950, 1951] }, 'a'],
  [{ key: 'year', operator: 'in', value: ['1950', 1960.5] }, 'bc'],
  [{ key: 'note', operator: 'in', value: ['', 'y'] }, 'a'],
  [{ key: 'open', operator: 'in', value: [true, false] }, 'ab'],
  [{ key: 'year', operator: 'in', value: [] }, ''],
  [{ key: 'year', operator: 'nin', value: [1950, 'x'] }, 'bcd'],
  [{ key: 'year', operator: 'nin', value: [] }, 'abcd'],
  [{ key: 'tags', operator: 'contains', value: 'red' }, 'a'],
  [{ key: 'sizes', operator: 'contains', value: 2 }, 'ab'],
  [{ key: 'sizes', operator: 'contains', value: '2' }, ''],
  [{ key: 'tags', operator: 'any', value: ['red', 'green'] }, 'a'],
  [{ key: 'tags', operator: 'any', value: ['red', 'blue'] }, 'ab'],
  [{ key: 'tags', operator: 'any', value: [] }, ''],
  [{ key: 'tags', operator: 'all', value: ['red', 'blue'] }, 'a'],
  [{ key: 'sizes', operator: 'all', value: [2] }, 'ab'],
  [{ key: 'author', operator: 'text_match', value: 'mith' }, 'bc'],
  [{ key: 'author', operator: 'text_match', value: 'Smith' }, 'c'],
  [{ key: 'author', operator: 'text_match_insensitive', value: 'SMITH' }, 'bc'],
  [{ key: 'author', operator: 'text_match', value: '%' }, ''],
  [{ key: 'year', operator: 'text_match', value: '195' }, 'c'],
  [{ key: 'note', operator: 'is_empty' }, 'acd'],
  [{ key: 'tags', operator: 'is_empty' }, 'd'],
  [{ key: 'nobody', operator: 'is_empty' }, 'abcd'],
  [{ key: 'document_id', operator: 'in', value: ['a', 'd'] }, 'ad'],
  [{ key: 'document_id', operator: '!=', value: 'a' }, 'bcd'],
  [{ key: 'uri', operator: 'text_match', value: 'b.m' }, 'b'],
  [{ key: 'uri', operator: 'in', value: [] }, ''],
  [{ key: 'title', operator: '>', value: 'Title of b' }, 'cd'],
  [{ key: 'media_type', value: 'text/markdown' }, 'abcd'],
  [{ key: 'title', operator: 'is_empty' }, ''],
  [{ key: 'page', value: 3 }, 'a'],
  [{ key: 'page', operator: '!=', value: 3 }, 'bcd'],
  [{ key: 'page', operator: '>', value: 1 }, 'a'],
  [{ key: 'page', operator: 'is_empty' }, 'bcd'],
];

const GROUPS: readonly (readonly [MetadataFilters, string])[] = [
  [
    {
      filters: [
        { key: 'year', value: 1950 },
        { key: 'open', value: true },
      ],
    },
    'a',
  ],
  [
    {
      condition: 'and',
      filters: [
        { key: 'year', value: 1950 },
        { key: 'open', value: false },
      ],
    },
    '',
  ],
  [
    {
      condition: 'or',
      filters: [
        { key: 'year', value: 1950 },
        { key: 'open', value: false },
      ],
    },
    'ab',
  ],
  [
    {
      condition: 'not',
      filters: [
        { key: 'year', value: 1950 },
        { key: 'open', value: false },
      ],
    },
    'cd',
  ],
  [{ condition: 'not', filters: [{ key: 'page', operator: '>', value: 1 }] }, 'bcd'],
  [
    {
      condition: 'or',
      filters: [
        {
          filters: [
            { key: 'year', operator: '>', value: 0 },
            { key: 'author', value: 'smith' },
          ],
        },
        { condition: 'not', filters: [{ condition: 'not', filters: [{ key: 'document_id', value: 'd' }] }] },
      ],
    },
    'bd',
  ],
];

const REFUSED: readonly MetadataFilter[] = [
  { key: 'year' },
  { key: 'year', value: null },
  { key: 'year', value: [1950] },
  { key: 'year', value: Number.NaN },
  { key: 'year', operator: 'in', value: 1950 },
  { key: 'open', operator: '>', value: true },
  { key: 'tags', operator: 'contains', value: ['red'] },
  { key: 'tags', operator: 'contains', value: true },
  { key: 'tags', operator: 'all', value: [] },
  { key: 'author', operator: 'text_match', value: 3 },
  { key: 'author', operator: 'text_match', value: '' },
  { key: 'author', operator: 'is_empty', value: false },
  { key: 'author', operator: 'like' as never, value: 'x' },
  { key: '', value: 'x' },
  { key: 'page', value: '3' },
  { key: 'page', operator: 'contains', value: 3 },
  { key: 'page', operator: 'text_match', value: '3' },
  { key: 'title', value: 3 },
];

/** The part of the contract about filters; `describeVectorStore` includes it. */
export function describeStoreFilters(make: MakeVectorStore): void {
  let store: VectorStore;
  beforeAll(async () => {
    store = await make({});
    await store.replaceDocuments(
      Object.entries(DOCUMENTS).map(([id, metadata]) =>
        exampleDocument(id, ['common'], { metadata, ...(id === 'a' && { pages: [3] }) }),
      ),
    );
  });
  afterAll(async () => store[Symbol.asyncDispose]());

  const passing = async (filters: MetadataFilters) => documentsPassing(store, filters);

  it.each(TABLE)('%j lets through: %s', async (filter, expected) => {
    expect(await passing({ filters: [filter] })).toEqual(expected.split(''));
  });

  it.each(GROUPS)('%j lets through: %s', async (filters, expected) => {
    expect(await passing(filters)).toEqual(expected.split(''));
  });

  it.each(REFUSED)('refuses %j rather than widen it', async (filter) => {
    await expect(passing({ filters: [filter] })).rejects.toThrow(InvalidInputError);
  });

  it('refuses an empty group, an unknown condition, and groups without end', async () => {
    const filter = { key: 'year', value: 1950 } as const;
    let deep: MetadataFilters = { filters: [filter] };
    for (let level = 0; level < 1000; level += 1) deep = { filters: [deep] };
    const wide = {
      filters: Array.from({ length: 100 }, () => ({ filters: Array.from({ length: 100 }, () => filter) })),
    };
    const malformed = [{ filters: [] }, { condition: 'xor' as never, filters: [filter] }, deep, wide];
    for (const filters of malformed) await expect(passing(filters)).rejects.toThrow(InvalidInputError);
  });

  it('filters before it counts: the best that pass are found, not the best overall', async () => {
    const filters: MetadataFilters = { filters: [{ key: 'document_id', value: 'd' }] };
    const found = await store.query({ mode: 'sparse', text: 'common', topK: 1, filters });
    expect(found.map(({ chunk }) => chunk.documentId)).toEqual(['d']);
  });

  it('carries a thousand values', async () => {
    const value = [...Array.from({ length: 999 }, (_, n) => `v${n}`), 'blue'];
    expect(await passing({ filters: [{ key: 'tags', operator: 'any', value }] })).toEqual(['a', 'b']);
    expect(
      await passing({ filters: [{ key: 'author', operator: 'in', value: [...value, 'smith'] }] }),
    ).toEqual(['b']);
  });

  describe('whatever the keys and values are', () => {
    describeHostileFilters(make);
  });
}

const HOSTILE = [
  "'",
  "''",
  '\\',
  '"',
  '`',
  '\n',
  '\u0000',
  '\u0001',
  '\u0002',
  '\u0003\u0004',
  "'; drop table documents; --",
];
const text = oneof(constantFrom(...HOSTILE, '', 'a', 'ab', '1'), string({ unit: 'binary', maxLength: 8 }));
const key = oneof(
  constantFrom('k', "k'", '__proto__', 'k\u0001'),
  text.filter((value) => value !== ''),
);
const finite = oneof(
  constantFrom(0, -0, 1, 1.5, 1e21, 5e-324),
  double({ noNaN: true, noDefaultInfinity: true }),
);
const scalar = oneof(text, finite, boolean());
const list = oneof(array(text, { maxLength: 3 }), array(finite, { maxLength: 3 }));

function describeHostileFilters(make: MakeVectorStore): void {
  it('finds exactly the documents that hold what is asked', async () => {
    const store = await make({});
    await assert(
      asyncProperty(array(tuple(key, oneof(scalar, list)), { minLength: 2, maxLength: 6 }), async (pairs) => {
        const metadata = pairs.map(([name, value]): Metadata => Object.fromEntries([[name, value]]));
        await store.replaceDocuments(
          Array.from({ length: 6 }, (_, n) =>
            exampleDocument(`doc${n}`, ['common'], { metadata: metadata[n] ?? {}, version: `v${n}` }),
          ),
        );
        for (const [name, value] of pairs) {
          for (const filter of filtersFor(name, value)) {
            const expected = metadata.flatMap((each, n) => (holds(each, filter) ? [`doc${n}`] : []));
            expect(await documentsPassing(store, { filters: [filter] })).toEqual(expected);
          }
        }
      }),
      { numRuns: 25 },
    );
    await store[Symbol.asyncDispose]();
  });
}

function filtersFor(name: string, value: Metadata[string]): readonly MetadataFilter[] {
  if (Array.isArray(value)) {
    const items = value as readonly (string | number)[];
    return items.flatMap((item): readonly MetadataFilter[] => [
      { key: name, operator: 'contains', value: item },
      { key: name, operator: 'all', value: items },
    ]);
  }
  const asked = value as string | number | boolean;
  const same: readonly MetadataFilter[] = [
    { key: name, value: asked },
    { key: name, operator: 'in', value: [asked, 'a', 1] },
  ];
  if (typeof asked !== 'string' || asked === '') return same;
  return [...same, { key: name, operator: 'text_match', value: Array.from(asked).slice(-2).join('') }];
}

/** What the store is held to, in the words of JavaScript. */
function holds(metadata: Metadata, { key: name, operator = '==', value }: MetadataFilter): boolean {
  const held = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  const items = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  const list = Array.isArray(held) ? (held as readonly unknown[]) : undefined;
  if (operator === 'contains' || operator === 'all')
    return items.every((item) => list?.includes(item) ?? false);
  if (operator === 'text_match') return typeof held === 'string' && held.includes(value as string);
  return held !== undefined && list === undefined && items.some((item) => item === held);
}

async function documentsPassing(store: VectorStore, filters: MetadataFilters): Promise<readonly string[]> {
  const found = await store.query({ mode: 'sparse', text: 'common', topK: 100, filters });
  return found.map(({ chunk }) => chunk.documentId).toSorted();
}
