import { describe, expect, it } from 'vitest';
import { loadConfiguration } from './load-configuration.ts';
import { describeDefault, SETTINGS } from './settings.ts';

const setting = (key: string) => SETTINGS.find((setting) => setting.key === key);

describe('SETTINGS', () => {
  it('gives every setting its own key, variable and flag', () => {
    for (const names of [
      SETTINGS.map((setting) => setting.key),
      SETTINGS.map((setting) => setting.environmentName),
      SETTINGS.flatMap((setting) => setting.flag ?? []),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
    expect(setting('retrieval.topK')).toMatchObject({
      environmentName: 'CITESTREAM_RETRIEVAL_TOP_K',
      flag: '--top-k',
      flagUsage: '--top-k <number>',
      kind: 'number',
      defaultValue: 6,
    });
  });

  it('describes every setting in a sentence', () => {
    for (const { description } of SETTINGS) expect(description).toMatch(/^[A-Z].*\.$/);
  });

  it('puts no secret on the command line, where other users of the machine see it', () => {
    expect(SETTINGS.filter((setting) => setting.secret && setting.flag)).toEqual([]);
    expect(SETTINGS.filter((setting) => setting.secret).map((setting) => setting.key)).toEqual([
      'qdrant.apiKey',
      'openai.apiKey',
      'server.apiKeys',
    ]);
  });

  it('reads every default back from the environment', () => {
    const withDefaults = SETTINGS.filter((setting) => setting.defaultValue !== undefined);
    const environment = Object.fromEntries(
      withDefaults.map(({ environmentName, defaultValue }) => [environmentName, String(defaultValue)]),
    );
    expect(loadConfiguration({ environment }).configuration).toEqual(loadConfiguration().configuration);
  });

  it('says the default in words where it is computed', () => {
    const defaults = Object.fromEntries(SETTINGS.map((setting) => [setting.key, describeDefault(setting)]));
    expect(defaults).toMatchObject({
      store: 'lancedb:<dataDir>/lancedb',
      port: '8000',
      'server.apiKeys': 'none',
      'ingest.threads': 'one per processor, at most 8',
      'ingest.maxFileBytes': '100 MB',
    });
  });
});
