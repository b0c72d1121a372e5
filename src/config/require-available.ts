import { NotImplementedError } from '../errors.ts';
import type { Configuration } from './configuration.ts';
import { parseProvider } from './provider-string.ts';

/** Refuses, before any work, what can be configured but does not come with this version. */
export function requireAvailable(configuration: Configuration): void {
  if (configuration.mode !== 'async') {
    throw new NotImplementedError(
      `The mode ${configuration.mode} comes with the execution modes; this version has async.`,
    );
  }
  for (const [role, available] of [
    ['llm', 'extractive'],
    ['embedder', 'bm25'],
    ['store', 'lancedb'],
  ] as const) {
    const { kind } = parseProvider(role, configuration[role]);
    if (kind !== available) {
      throw new NotImplementedError(
        `The ${role} ${kind} does not come with this version, which has ${available}.`,
      );
    }
  }
}
