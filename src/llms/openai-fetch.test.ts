import { describe, expect, it } from 'vitest';

import { serveNobody } from '../testing/serve-nobody.ts';
import { OpenAILLM } from './openai-llm.ts';

describe('openPool', () => {
  it('gives up connecting after a while', async () => {
    await using nobody = await serveNobody();
    await using llm = await OpenAILLM.open({ model: 'm', url: nobody.url, connectTimeoutMs: 50 });
    await expect(llm.chat({ messages: [{ role: 'user', content: 'What is tea?' }] })).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.stringContaining('longer than 50 ms') as string,
    });
  });
});
