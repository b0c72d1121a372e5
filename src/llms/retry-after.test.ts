import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

const answered = (headers: Record<string, string>) =>
  new Error('failed', { cause: Object.assign(new Error('429'), { headers: new Headers(headers) }) });

describe('retryAfterMs', () => {
  it.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '-1' }, 0],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:05 GMT' }, 5000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }, 0],
    [{ 'retry-after-ms': '120', 'retry-after': '9' }, 120],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{}, undefined],
  ] as const)('reads %j as %s', (headers, milliseconds) => {
    expect(retryAfterMs(answered(headers), NOW_MS)).toBe(milliseconds);
  });

  it("reads the headers of an AWS client's error, and nothing where there is none", () => {
    const failed = Object.assign(new Error('throttled'), { $response: { headers: { 'retry-after': '4' } } });
    expect(retryAfterMs(new Error('wrapped', { cause: failed }))).toBe(4000);
    expect(retryAfterMs(new Error('plain'))).toBeUndefined();
    expect(retryAfterMs('text')).toBeUndefined();
  });
});
