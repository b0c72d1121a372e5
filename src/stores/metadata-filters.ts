import { z } from 'zod';

/** The operators of LlamaIndex's metadata filters, with their spelling. */
export const FILTER_OPERATORS = [
  '==',
  '!=',
  '>',
  '>=',
  '<',
  '<=',
  'in',
  'nin',
  'any',
  'all',
  'contains',
  'text_match',
  'text_match_insensitive',
  'is_empty',
] as const;

export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/** What a filter compares a metadata value with. */
export type FilterValue = string | number | boolean | readonly (string | number | boolean)[] | null;

/** One comparison: `{"key": "year", "operator": ">=", "value": 1950}`. */
export interface MetadataFilter {
  readonly key: string;
  /** @default '==' */
  readonly operator?: FilterOperator | undefined;
  readonly value?: FilterValue | undefined;
}

/** Comparisons and groups of them, joined by one condition. */
export interface MetadataFilters {
  /** @default 'and' */
  readonly condition?: 'and' | 'or' | 'not' | undefined;
  readonly filters: readonly (MetadataFilter | MetadataFilters)[];
}

const MAX_DEPTH = 5;
const MAX_FILTERS = 100;

const scalar = z.union([z.string().max(10_000), z.number(), z.boolean()]);

const filterSchema: z.ZodType<MetadataFilter> = z.strictObject({
  key: z.string().min(1).max(200),
  operator: z.enum(FILTER_OPERATORS).optional(),
  value: z.union([scalar, z.array(scalar).max(1000), z.null()]).optional(),
});

function groupSchema(depth: number): z.ZodType<MetadataFilters> {
  const members = depth === 0 ? filterSchema : z.union([filterSchema, z.lazy(() => groupSchema(depth - 1))]);
  return z.strictObject({
    condition: z.enum(['and', 'or', 'not']).optional(),
    filters: z.array(members).min(1).max(MAX_FILTERS),
  });
}

/** Validates filters that come from outside: known operators, at most five levels deep and 100 a group. */
export const metadataFiltersSchema: z.ZodType<MetadataFilters> = groupSchema(MAX_DEPTH);
