import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../errors.ts';
import { metadataFiltersSchema } from '../stores/metadata-filters.ts';
import { parseFilters } from './parse-filters.ts';

describe('parseFilters', () => {
  it.each([
    ['year=2026', { key: 'year', operator: 'in', value: [2026, '2026'] }],
    ['year == -1.5', { key: 'year', operator: 'in', value: [-1.5, '-1.5'] }],
    ['draft!=false', { key: 'draft', operator: 'nin', value: [false, 'false'] }],
    [
      'year>=1950',
      {
        condition: 'or',
        filters: [
          { key: 'year', operator: '>=', value: 1950 },
          { key: 'year', operator: '>=', value: '1950' },
        ],
      },
    ],
    ['date<2026-01-31', { key: 'date', operator: '<', value: '2026-01-31' }],
    ['author!=Ann Lee', { key: 'author', operator: '!=', value: 'Ann Lee' }],
    ['code="007"', { key: 'code', operator: '==', value: '007' }],
    ['formula=a=b<c', { key: 'formula', operator: '==', value: 'a=b<c' }],
    ['note=', { key: 'note', operator: '==', value: '' }],
  ])('reads %s', (text, filter) => {
    const filters = parseFilters([text]);
    expect(filters).toEqual({ filters: [filter] });
    expect(metadataFiltersSchema.safeParse(filters).success).toBe(true);
  });

  it('joins several, and is nothing without any', () => {
    expect(parseFilters(['a=1', 'b=2'])?.filters).toHaveLength(2);
    expect(parseFilters([])).toBeUndefined();
  });

  it.each(['', 'year', '=2026', ' =1', '!x'])('refuses %j and shows the form', (text) => {
    expect(() => parseFilters([text])).toThrow(InvalidInputError);
    expect(() => parseFilters([text])).toThrow('it must be key=value');
  });
});
