import { once } from 'node:events';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { withSnakeCase } from '../simulators/wire-names.ts';
import type { Invocation, RunCommand } from './command.ts';

/** A simulator that is listening, as the command shows it. */
export interface RunningSimulator extends AsyncDisposable {
  readonly url: string;
  /** As in `Amazon Bedrock`. */
  readonly name: string;
  /** What a shell has to be told so that citestream finds it. */
  readonly environment: Readonly<Record<string, string>>;
  /** A command line that uses it. */
  readonly example: string;
  readonly counts: () => object;
}

/** Starts one kind of simulator with the flags of the command. */
export type StartSimulator = (
  invocation: Pick<Invocation, 'options' | 'context'>,
  where: { readonly port: number | undefined },
) => Promise<RunningSimulator>;

const KINDS: Readonly<Record<string, () => Promise<StartSimulator>>> = {
  bedrock: async () => (await import('./simulate-bedrock.ts')).startBedrock,
  qdrant: async () => (await import('./simulate-qdrant.ts')).startQdrant,
};

/** `citestream simulate bedrock|qdrant`: a service of production on this machine, with faults to order. */
export const simulate: RunCommand = async ({ context, words, options }) => {
  const [kind = ''] = words;
  const load = KINDS[kind];
  if (load === undefined || words.length > 1) {
    throw new InvalidInputError(
      `There is no simulator ${JSON.stringify(words.join(' '))}; there are bedrock and qdrant.`,
      {
        field: 'kind',
      },
    );
  }
  const port = readNumber(options, { flag: '--port', name: 'port' });
  const start = await load();
  await using simulator = await start({ context, options }, { port }).catch(explainPort);
  const { stdout, signal } = context;
  stdout.write(welcome(simulator, stdout.colors));
  if (!signal.aborted) await once(signal, 'abort');
  stdout.write(`${JSON.stringify(withSnakeCase(simulator.counts()))}\n`);
  return 0;
};

/** A flag whose value is a number of at least 0; throws INVALID_INPUT. */
export function readNumber(
  options: Invocation['options'],
  { flag, name }: { readonly flag: string; readonly name: string },
): number | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (Number.isFinite(number) && number >= 0) return number;
  throw new InvalidInputError(`${flag} is ${JSON.stringify(value)}; it must be a number of at least 0.`, {
    field: flag,
  });
}

/** The texts of a flag that may be repeated. */
export function readList(options: Invocation['options'], name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [];
}

function welcome(
  { name, url, environment, example }: RunningSimulator,
  { bold, cyan, dim }: Invocation['context']['stdout']['colors'],
): string {
  const lines = Object.entries(environment).map(([variable, value]) => `  export ${variable}=${value}\n`);
  const paste = lines.length === 0 ? '' : `\nPaste this where citestream runs:\n\n${lines.join('')}`;
  return `A simulated ${name} listens on ${bold(cyan(url))}\n${paste}\nThen:\n\n  ${example}\n\n${dim('Ctrl-C ends it and shows what was asked of it.')}\n`;
}

function explainPort(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE') throw error;
  throw new CitestreamError(
    'PORT_IN_USE',
    `The port is taken (${message}). Choose another one with --port.`,
    {
      cause: error,
    },
  );
}
