import { z } from 'zod';
import { choice, decimal, integer, settingRegistry, text } from './setting-types.ts';

const DAY_MS = 86_400_000;

/** How a store in Qdrant is reached, made and searched; its address and collection are in the setting store. */
export function qdrantSettings() {
  return z.strictObject({
    apiKey: text(/^\S+$/, 'a key without spaces').optional().register(settingRegistry, {
      description: 'The API key that Qdrant asks for.',
      defaultText: 'none',
      secret: true,
    }),
    timeoutMs: integer(1, DAY_MS).default(10_000).register(settingRegistry, {
      description: 'How long one request to Qdrant that reads may take.',
      unit: 'ms',
    }),
    writeTimeoutMs: integer(1, DAY_MS).default(60_000).register(settingRegistry, {
      description: 'How long one request to Qdrant that writes may take before it is tried again.',
      unit: 'ms',
    }),
    maxRetries: integer(0, 100).default(3).register(settingRegistry, {
      description: 'How often a request to Qdrant is tried again after a passing failure.',
      unit: 'times',
    }),
    maxConnections: integer(1, 1000).default(25).register(settingRegistry, {
      description: 'How many connections to Qdrant are kept open.',
      unit: 'connections',
    }),
    batchSize: integer(1, 1000).default(64).register(settingRegistry, {
      description: 'How many passages one request to Qdrant stores.',
      unit: 'passages',
    }),
    maxParallel: integer(1, 64).default(4).register(settingRegistry, {
      description: 'How many such requests are under way at the same time.',
      unit: 'requests',
    }),
    fusion: choice(['rrf', 'dbsf']).default('rrf').register(settingRegistry, {
      description: 'How Qdrant joins the rankings of a hybrid search: by rank (rrf) or by score (dbsf).',
    }),
    alpha: decimal(0, 1).default(0.5).register(settingRegistry, {
      description: 'The weight of vectors in a hybrid search: 0 is words alone, 1 vectors alone.',
    }),
    mmrDiversity: decimal(0, 1).optional().register(settingRegistry, {
      description:
        'How much a search by vectors prefers passages that differ: 0 by relevance, 1 by difference.',
      defaultText: 'by relevance alone',
    }),
    shards: integer(1, 10_000).optional().register(settingRegistry, {
      description: 'Into how many parts a new collection is divided.',
      defaultText: "the server's own",
      unit: 'shards',
    }),
    replicas: integer(1, 100).optional().register(settingRegistry, {
      description: 'How many copies of each part a new collection has.',
      defaultText: "the server's own",
      unit: 'replicas',
    }),
    onDisk: choice(['no', 'yes']).default('no').register(settingRegistry, {
      description: 'Whether a new collection keeps its vectors on disk, where memory is short.',
    }),
    quantization: choice(['none', 'scalar', 'binary']).default('none').register(settingRegistry, {
      description: 'How a new collection makes vectors smaller in memory.',
    }),
  });
}
