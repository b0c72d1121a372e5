import { describe, expect, it } from 'vitest';
import { loadConfiguration } from './load-configuration.ts';
import { MASK, maskSecrets } from './mask-secrets.ts';

describe('maskSecrets', () => {
  it('masks keys and the passwords in addresses, and nothing else', () => {
    const { configuration } = loadConfiguration({
      settings: {
        llm: 'openai:gpt@https://user:pass@host/v1',
        store: 'qdrant:http://name:word@q:6333/docs',
        server: { apiKeys: ['first-key', 'second-key'] },
      },
    });
    const masked = maskSecrets(configuration);
    expect(masked).toEqual({
      ...configuration,
      llm: `openai:gpt@https://${MASK}@host/v1`,
      store: `qdrant:http://${MASK}@q:6333/docs`,
      server: { ...configuration.server, apiKeys: [MASK, MASK] },
    });
    expect(configuration.server.apiKeys).toEqual(['first-key', 'second-key']);
  });

  it('leaves a configuration without secrets as it is', () => {
    const { configuration } = loadConfiguration();
    expect(maskSecrets(configuration)).toEqual(configuration);
  });
});
