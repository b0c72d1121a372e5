import type { Configuration } from './config/configuration.ts';
import { parseProvider, type Providers } from './config/provider-string.ts';
import { CitestreamError } from './errors.ts';
import { ExtractiveLLM } from './llms/extractive.ts';
import type { LLM } from './llms/llm.ts';

/** A piece of the extractive answerer's stream is three words, about four tokens. */
const TOKENS_A_PIECE = 4;

/**
 * Makes the LLM that the configuration names, with time-outs, retries and fail-over around what is far away. Makes no
 * call. Throws CONFIGURATION for settings that do not fit.
 */
export async function createLLM(configuration: Configuration): Promise<LLM> {
  const provider = parseProvider('llm', configuration.llm);
  const llm = await openLLM(provider, configuration);
  if (provider.kind === 'extractive') return llm;
  const { resilientLLM } = await import('./llms/resilient-llm.ts');
  const { withDefaults } = await import('./llms/with-defaults.ts');
  const { maxTokens, temperature, topP, stopSequences, ...patience } = configuration.generation;
  const { firstTokenMs, interTokenMs, totalMs, maxConcurrent, maxQueued } = patience;
  const limits = {
    firstTokenMs,
    interTokenMs,
    totalMs,
    maxConcurrent,
    maxQueued,
    maxAttempts: patience.maxRetries + 1,
  };
  const second = await openFallback(provider, configuration);
  const fallback = second === undefined ? undefined : resilientLLM(second, limits);
  return withDefaults(resilientLLM(llm, { ...limits, fallback }), {
    maxTokens,
    stopSequences,
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
  });
}

/** Another model, another region, or both. */
async function openFallback(first: Providers['llm'], configuration: Configuration): Promise<LLM | undefined> {
  const { generation, bedrock } = configuration;
  if (generation.fallback === undefined && bedrock.fallbackRegion === undefined) return undefined;
  const second = generation.fallback === undefined ? first : parseProvider('llm', generation.fallback);
  return openLLM(second, configuration, bedrock.fallbackRegion);
}

/** Each provider is loaded only where it is used: their clients are large. A line here is what adding one takes. */
async function openLLM(
  provider: Providers['llm'],
  configuration: Configuration,
  region = configuration.bedrock.region,
): Promise<LLM> {
  const { contextWindow, connectTimeoutMs } = configuration.generation;
  switch (provider.kind) {
    case 'extractive': {
      const { tokensPerSecond } = configuration.extractive;
      return new ExtractiveLLM(
        tokensPerSecond === undefined ? {} : { paceMs: (1000 * TOKENS_A_PIECE) / tokensPerSecond },
      );
    }
    case 'bedrock-converse': {
      const { BedrockConverse } = await import('./llms/bedrock-converse.ts');
      const { profile, endpoint, promptCache, decoder } = configuration.bedrock;
      return BedrockConverse.open({
        model: provider.model,
        region,
        profile,
        endpoint,
        promptCache,
        decoder,
        contextWindow,
        connectTimeoutMs,
        guardrail: guardrailOf(configuration.bedrock),
        additionalModelRequestFields: fieldsOf(configuration.bedrock),
      });
    }
    case 'bedrock': {
      const { Bedrock } = await import('./llms/bedrock-invoke.ts');
      const { profile, endpoint } = configuration.bedrock;
      return Bedrock.open({
        model: provider.model,
        region,
        profile,
        endpoint,
        contextWindow,
        connectTimeoutMs,
      });
    }
    case 'openai': {
      const { OpenAILLM } = await import('./llms/openai-llm.ts');
      const { model, url } = provider;
      const { apiKey } = configuration.openai;
      return OpenAILLM.open({ model, url, apiKey, contextWindow, connectTimeoutMs });
    }
    default:
      return provider satisfies never;
  }
}

function guardrailOf({
  guardrailId: id,
  guardrailVersion: version,
  guardrailMode: mode,
}: Configuration['bedrock']) {
  if (id === undefined && version === undefined) return undefined;
  if (id !== undefined && version !== undefined) return { id, version, mode };
  throw new CitestreamError(
    'CONFIGURATION',
    `bedrock.${id === undefined ? 'guardrailVersion' : 'guardrailId'} is set alone; a guardrail needs its id and its version.`,
  );
}

function fieldsOf({ additionalFields }: Configuration['bedrock']) {
  if (additionalFields === undefined) return undefined;
  try {
    return JSON.parse(additionalFields) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new CitestreamError(
      'CONFIGURATION',
      `bedrock.additionalFields is no object in JSON: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}
