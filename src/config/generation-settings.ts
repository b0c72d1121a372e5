import { z } from 'zod';
import { decimal, integer, list, providerString, settingRegistry } from './setting-types.ts';

const DAY_MS = 86_400_000;

/** How a model is asked, and how much is put up with until it answers. */
export function generationSettings() {
  return z.strictObject({
    maxTokens: integer(1, 1_000_000).default(1024).register(settingRegistry, {
      description: 'How long an answer may be.',
      unit: 'tokens',
    }),
    temperature: decimal(0, 2).optional().register(settingRegistry, {
      description: 'How freely a model writes: 0 is the same answer every time, as far as it can.',
      defaultText: "the model's own",
    }),
    topP: decimal(0, 1).optional().register(settingRegistry, {
      description: 'The share of likely words that a model chooses from.',
      defaultText: "the model's own",
    }),
    stopSequences: list(/\S/, 'a list of texts').default([]).register(settingRegistry, {
      description: 'Texts that end an answer before them.',
    }),
    contextWindow: integer(512, 100_000_000).optional().register(settingRegistry, {
      description: 'How much a prompt and its answer have room for.',
      defaultText: 'known for the usual models, else a careful guess',
      unit: 'tokens',
    }),
    fallback: providerString('llm').optional().register(settingRegistry, {
      description: 'What is asked where the llm does not begin to answer.',
      defaultText: 'none',
    }),
    maxRetries: integer(0, 100).default(2).register(settingRegistry, {
      description: 'How often a model is asked again before its first token, after a passing failure.',
      unit: 'times',
    }),
    connectTimeoutMs: integer(1, DAY_MS).default(5000).register(settingRegistry, {
      description: 'How long connecting to a model may take.',
      unit: 'ms',
    }),
    firstTokenMs: integer(1, DAY_MS).default(60_000).register(settingRegistry, {
      description: 'How long a model may take to its first token before it is asked again.',
      unit: 'ms',
    }),
    interTokenMs: integer(1, DAY_MS).default(30_000).register(settingRegistry, {
      description: 'How long a model may be silent between two tokens.',
      unit: 'ms',
    }),
    totalMs: integer(1, DAY_MS).default(600_000).register(settingRegistry, {
      description: 'How long an answer may take all in all, with waiting and asking again.',
      unit: 'ms',
    }),
    maxConcurrent: integer(1, 1_000_000).default(1000).register(settingRegistry, {
      description: 'How many answers a model writes at the same time; throttling lowers it for a while.',
      unit: 'answers',
    }),
    maxQueued: integer(0, 1_000_000).default(1000).register(settingRegistry, {
      description: 'How many more questions wait for a model; further ones are refused.',
      unit: 'questions',
    }),
  });
}
