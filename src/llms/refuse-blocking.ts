import { NotImplementedError } from '../errors.ts';

/** The answer of an LLM's `…Sync` calls until the execution modes that block have a bridge for them. */
export function refuseBlocking(name: string, instead: 'chat' | 'streamChat'): never {
  throw new NotImplementedError(
    `The calls of ${name} that block come with the execution modes; use ${instead}.`,
  );
}
