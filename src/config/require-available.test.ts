import { describe, expect, it } from 'vitest';
import { NotImplementedError } from '../errors.ts';
import { loadConfiguration } from './load-configuration.ts';
import { requireAvailable } from './require-available.ts';

describe('requireAvailable', () => {
  it.each([{}, { store: 'qdrant:http://q:6333/docs' }])('lets %j pass', (settings) => {
    expect(() => requireAvailable(loadConfiguration({ settings }).configuration)).not.toThrow();
  });

  it.each([
    [{ mode: 'sync' }, 'The mode sync does not come with this version. Leave mode out, or set it to async.'],
    [{ mode: 'sequential' }, 'The mode sequential does not come'],
    [{ llm: 'bedrock:some-model' }, 'use bedrock-converse:some-model, or a mode that blocks'],
    [{ generation: { fallback: 'bedrock:some-model' } }, 'use bedrock-converse:some-model'],
  ] as const)('refuses %j in one sentence', (settings, message) => {
    const { configuration } = loadConfiguration({ settings });
    expect(() => requireAvailable(configuration)).toThrow(NotImplementedError);
    expect(() => requireAvailable(configuration)).toThrow(message);
  });
});
