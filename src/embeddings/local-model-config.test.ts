import { describe, expect, it } from 'vitest';
import { readModelConfig } from './local-model-config.ts';

const files = (content: Readonly<Record<string, unknown>>) => async (path: string) => content[path];

describe('readModelConfig', () => {
  it.each([
    ['Xenova/all-MiniLM-L6-v2', 'mean', '', ''],
    ['Xenova/multilingual-e5-small', 'mean', 'query: ', 'passage: '],
    ['Xenova/bge-small-en-v1.5', 'cls', 'Represent this sentence for searching relevant passages: ', ''],
    ['Xenova/bge-m3', 'cls', '', ''],
    ['nomic-ai/nomic-embed-text-v1.5', 'mean', 'search_query: ', 'search_document: '],
    ['Snowflake/snowflake-arctic-embed-l-v2.0', 'cls', 'query: ', ''],
    ['somebody/new-model', 'mean', '', ''],
  ])('knows how %s is used where its files do not say it', async (model, pooling, query, document) => {
    expect(await readModelConfig(model, files({}))).toEqual({
      pooling,
      normalize: true,
      queryPrefix: query,
      documentPrefix: document,
    });
  });

  it("believes the model's own files before all", async () => {
    const read = files({
      'modules.json': [
        { path: '', type: 'sentence_transformers.models.Transformer' },
        { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
      ],
      '1_Pooling/config.json': { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false },
      'config_sentence_transformers.json': { prompts: { query: 'Q: ', passage: 'P: ' } },
    });
    expect(await readModelConfig('Xenova/e5-base', read)).toEqual({
      pooling: 'cls',
      normalize: false,
      queryPrefix: 'Q: ',
      documentPrefix: 'P: ',
    });
  });

  it('normalises where the model has a module for it, and takes the last token where it says so', async () => {
    const read = files({
      'modules.json': [
        { path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
        { path: '2_Normalize', type: 'sentence_transformers.models.Normalize' },
      ],
      '1_Pooling/config.json': { pooling_mode_lasttoken: true },
    });
    expect(await readModelConfig('a/b', read)).toMatchObject({ pooling: 'last_token', normalize: true });
  });
});
