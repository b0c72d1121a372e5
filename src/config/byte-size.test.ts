import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatByteSize, parseByteSize } from './byte-size.ts';

describe('byte sizes', () => {
  it.each([
    ['2000', 2000],
    ['0', 0],
    ['100MB', 100_000_000],
    ['1.5 GiB', 1_610_612_736],
    [' 3 kb ', 3000],
    ['7B', 7],
  ])('reads %j as %i bytes', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(['', 'MB', '-1', '1e3', '1,5 MB', '10 PB', '9999999999 GB', '0x10'])('does not read %j', (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });

  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1500, '1.5 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [100_000_000, '100 MB'],
    [2_340_000_000, '2.3 GB'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(formatByteSize(bytes)).toBe(text);
  });

  it('writes sizes that it reads again as nearly the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 1e12 }), (bytes) => {
        const again = parseByteSize(formatByteSize(bytes)) ?? NaN;
        expect(Math.abs(again - bytes) / bytes).toBeLessThan(0.06);
      }),
    );
  });
});
