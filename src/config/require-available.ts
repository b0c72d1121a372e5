import { NotImplementedError } from '../errors.ts';
import type { Configuration } from './configuration.ts';
import { parseProvider } from './provider-string.ts';

/** Refuses, before any work, what can be configured but does not come with this version. */
export function requireAvailable(configuration: Configuration): void {
  const { mode } = configuration;
  if (mode !== 'async') throw notInThisVersion({ setting: 'mode', value: mode, instead: 'async' });
  for (const text of [configuration.llm, configuration.generation.fallback]) {
    const llm = text === undefined ? undefined : parseProvider('llm', text);
    if (llm?.kind !== 'bedrock') continue;
    throw new NotImplementedError(
      `The mode ${mode} needs a stream that bedrock:${llm.model} (InvokeModel) does not have: use bedrock-converse:${llm.model}, or a mode that blocks (sync or sequential).`,
    );
  }
}

/** The refusal of a setting's value that a later version has, with the one to set instead. */
function notInThisVersion(refused: {
  readonly setting: string;
  readonly value: string;
  readonly instead: string;
}): NotImplementedError {
  const { setting, value, instead } = refused;
  return new NotImplementedError(
    `The ${setting} ${value} does not come with this version. Leave ${setting} out, or set it to ${instead}.`,
  );
}
