import { describe, expect, it } from 'vitest';
import { nearestName, suggestion } from './nearest-name.ts';
import { SETTINGS } from './settings.ts';

const keys = SETTINGS.map((setting) => setting.key);

describe('nearestName', () => {
  it.each([
    ['prot', 'port'],
    ['topK', 'retrieval.topK'],
    ['retrieval.top_k', 'retrieval.topK'],
    ['data_dri', 'dataDir'],
    ['server.apikey', 'server.apiKeys'],
    ['heartbeat-ms', 'server.heartbeatMs'],
  ])('takes %s for %s', (name, meant) => {
    expect(nearestName(name, keys)).toBe(meant);
  });

  it('knows none where nothing is near', () => {
    expect(nearestName('temperature_of_the_sun', keys)).toBeUndefined();
    expect(suggestion('zzzzzzzz', keys)).toBe('.');
    expect(suggestion('x', [])).toBe('.');
    expect(suggestion('CITESTREAM_X_Y_Z', ['CITESTREAM_LLM'], 'CITESTREAM_')).toBe('.');
  });
});
