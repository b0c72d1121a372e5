import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { openOpenAI } from './openai-client.ts';

beforeEach(() => {
  for (const name of ['OPENAI_API_KEY', 'AZURE_OPENAI_API_KEY']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function requestOf(url: string) {
  const { client, ...connection } = await openOpenAI({ url });
  const { url: address, req } = await client.buildRequest({ method: 'post', path: '/chat/completions' });
  return { ...connection, address, headers: new Headers(req.headers) };
}

describe('openOpenAI', () => {
  it.each([
    ['https://mine.openai.azure.com', 'https://mine.openai.azure.com/openai/v1/chat/completions'],
    ['https://mine.openai.azure.com/openai/v1/', 'https://mine.openai.azure.com/openai/v1/chat/completions'],
    [
      'https://mine.openai.azure.com/openai/deployments/d?api-version=2024-10-21',
      'https://mine.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21',
    ],
  ])('reaches Azure by %s, with a header of its own', async (url, address) => {
    vi.stubEnv('OPENAI_API_KEY', 'not this');
    vi.stubEnv('AZURE_OPENAI_API_KEY', 'azure key');
    const request = await requestOf(url);
    expect(request).toMatchObject({ address, isOpenAI: true });
    expect(request.headers.get('api-key')).toBe('azure key');
    expect(request.headers.has('authorization')).toBe(false);
  });

  it('takes OPENAI_API_KEY for Azure where there is no other', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'key');
    expect((await requestOf('https://mine.openai.azure.com')).headers.get('api-key')).toBe('key');
  });

  it('does not take for Azure what only looks like it', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'key');
    const { headers, isOpenAI } = await requestOf('https://mine.openai.azure.com.example.org/v1');
    expect(isOpenAI).toBe(false);
    expect(headers.has('api-key')).toBe(false);
    expect(headers.get('authorization')).toBe('Bearer key');
  });
});
