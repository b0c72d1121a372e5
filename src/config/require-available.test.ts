import { describe, expect, it } from 'vitest';
import { NotImplementedError } from '../errors.ts';
import { loadConfiguration } from './load-configuration.ts';
import { requireAvailable } from './require-available.ts';

describe('requireAvailable', () => {
  it('lets the defaults pass', () => {
    expect(() => requireAvailable(loadConfiguration().configuration)).not.toThrow();
  });

  it.each([
    [{ mode: 'sync' }, 'comes with the execution modes'],
    [{ mode: 'sequential' }, 'comes with the execution modes'],
    [{ llm: 'bedrock:some-model' }, 'The llm bedrock does not come with this version, which has extractive.'],
    [{ embedder: 'local:some-model' }, 'The embedder local does not come'],
    [{ store: 'qdrant:http://q:6333/docs' }, 'The store qdrant does not come'],
  ] as const)('refuses %j in one sentence', (settings, message) => {
    const { configuration } = loadConfiguration({ settings });
    expect(() => requireAvailable(configuration)).toThrow(NotImplementedError);
    expect(() => requireAvailable(configuration)).toThrow(message);
  });
});
