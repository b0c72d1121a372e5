import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProvider, parseProvider, PROVIDER_FORMS, type Providers } from './provider-string.ts';

const roles = Object.keys(PROVIDER_FORMS) as (keyof Providers)[];

describe('provider strings', () => {
  it.each([
    ['llm', 'extractive', { kind: 'extractive' }],
    ['llm', 'bedrock:anthropic.claude-3:0', { kind: 'bedrock', model: 'anthropic.claude-3:0' }],
    ['llm', 'bedrock-converse:arn:aws:x/y', { kind: 'bedrock-converse', model: 'arn:aws:x/y' }],
    ['llm', 'openai:gpt@http://x:1/v1', { kind: 'openai', model: 'gpt', url: 'http://x:1/v1' }],
    ['llm', 'openai:@cf/m@https://y', { kind: 'openai', model: '@cf/m', url: 'https://y' }],
    ['embedder', 'bm25', { kind: 'bm25' }],
    ['embedder', 'local:all-MiniLM-L6-v2', { kind: 'local', model: 'all-MiniLM-L6-v2' }],
    ['store', 'lancedb:/a b/c', { kind: 'lancedb', directory: '/a b/c' }],
    ['store', 'qdrant:http://q:6333/docs', { kind: 'qdrant', url: 'http://q:6333', collection: 'docs' }],
  ] as const)('reads the %s %s', (role, text, provider) => {
    expect(parseProvider(role, text)).toEqual(provider);
  });

  it.each([
    ['llm', ''],
    ['llm', 'extractive:'],
    ['llm', 'bedrock'],
    ['llm', 'bedrock:'],
    ['llm', 'bedrock: x'],
    ['llm', 'bm25'],
    ['llm', 'openai:gpt'],
    ['llm', 'openai:gpt@ftp://x'],
    ['embedder', 'BM25'],
    ['embedder', 'extractive'],
    ['store', 'lancedb'],
    ['store', 'qdrant:http://q:6333'],
    ['store', 'constructor'],
  ] as const)('refuses the %s %j and names the accepted forms', (role, text) => {
    expect(() => parseProvider(role, text)).toThrow(PROVIDER_FORMS[role].at(-1));
    expect(() => parseProvider(role, text)).toThrow(JSON.stringify(text));
  });

  const name = fc.stringMatching(/^[\w@/.:][\w@/.: -]{0,20}[\w@/.:]$/);
  const url = fc.webUrl({ validSchemes: ['http', 'https'] });
  const provider: fc.Arbitrary<[keyof Providers, Providers[keyof Providers]]> = fc.oneof(
    fc.tuple(fc.constant('llm' as const), fc.record({ kind: fc.constant('bedrock' as const), model: name })),
    fc.tuple(
      fc.constant('embedder' as const),
      fc.record({ kind: fc.constant('local' as const), model: name }),
    ),
    fc.tuple(
      fc.constantFrom('llm' as const, 'embedder' as const),
      fc.record({
        kind: fc.constant('openai' as const),
        model: name,
        url: url.filter((url) => !/.@http/.test(url)),
      }),
    ),
    fc.tuple(
      fc.constant('store' as const),
      fc.record({ kind: fc.constant('lancedb' as const), directory: name }),
    ),
    fc.tuple(
      fc.constant('store' as const),
      fc.record({
        kind: fc.constant('qdrant' as const),
        url,
        collection: fc.stringMatching(/^[\w.-]{1,20}$/),
      }),
    ),
  );

  it('gives back every provider that was written', () => {
    fc.assert(
      fc.property(provider, ([role, provider]) => {
        expect(parseProvider(role, formatProvider(provider))).toEqual(provider);
      }),
    );
  });

  it('reads any text or refuses it as a configuration error', () => {
    fc.assert(
      fc.property(fc.constantFrom(...roles), fc.string(), (role, text) => {
        try {
          expect(formatProvider(parseProvider(role, text))).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONFIGURATION', exitCode: 2 });
        }
      }),
    );
  });
});
