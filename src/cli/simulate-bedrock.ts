import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z, ZodError } from 'zod';
import { InvalidInputError } from '../errors.ts';
import type { BedrockBehaviourChange } from '../simulators/bedrock-behaviour.ts';
import { type BedrockFaultOrder, FAULT_KINDS } from '../simulators/bedrock-faults.ts';
import { startBedrockSimulator } from '../simulators/bedrock-simulator.ts';
import type { Invocation } from './command.ts';
import { type FaultWords, parseFault } from './parse-fault.ts';
import { readList, readNumber, type StartSimulator } from './simulate.ts';

const DEFAULT_PORT = 8787;
/** What a model of middle size does; 0 is given where a test wants no waiting. */
const DEFAULTS = { firstTokenDelayMs: 300, tokensPerSecond: 40, jitter: 0.2 };

const FAULT_WORDS: FaultWords = {
  kinds: FAULT_KINDS,
  names: {
    times: 'times',
    rate: 'rate',
    after: 'afterTokens',
    delay: 'delayMs',
    'retry-after': 'retryAfterSeconds',
    model: 'modelId',
    message: 'message',
  },
  texts: new Set(['model', 'message']),
};

/** Starts a simulated Bedrock from the flags of `citestream simulate bedrock`. */
export const startBedrock: StartSimulator = async ({ context, options }, { port = DEFAULT_PORT }) => {
  try {
    const simulator = await startBedrockSimulator({
      port,
      behaviour: readBehaviour(options, context.directory),
      faults: readList(options, 'fault').map(
        (text) => parseFault(text, FAULT_WORDS) as unknown as BedrockFaultOrder,
      ),
    });
    return {
      name: 'Amazon Bedrock',
      url: simulator.url,
      environment: simulator.environment,
      example:
        'citestream ask "How is a turn stopped?" --llm bedrock-converse:anthropic.claude-sonnet-4-5-20250929-v1:0',
      counts: () => simulator.counts(),
      [Symbol.asyncDispose]: () => simulator.close(),
    };
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    throw new InvalidInputError(
      `A flag has no good value: ${z.prettifyError(error).replaceAll(/\s+/g, ' ')}`,
      {
        cause: error,
      },
    );
  }
};

function readBehaviour(options: Invocation['options'], directory: string): BedrockBehaviourChange {
  const number = (flag: string, name: string): number | undefined => readNumber(options, { flag, name });
  const file = options['answers'];
  return {
    firstTokenDelayMs: number('--first-token-ms', 'firstTokenMs') ?? DEFAULTS.firstTokenDelayMs,
    tokensPerSecond: number('--tokens-per-second', 'tokensPerSecond') ?? DEFAULTS.tokensPerSecond,
    jitter: number('--jitter', 'jitter') ?? DEFAULTS.jitter,
    seed: number('--seed', 'seed'),
    maxStreams: number('--max-streams', 'maxStreams'),
    wrongCitations: options['wrongCitations'] === true,
    answers: typeof file === 'string' ? readAnswers(path.resolve(directory, file)) : undefined,
  };
}

/** A list of texts as JSON is a script; any other file is the one answer. */
function readAnswers(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidInputError(`--answers ${file} cannot be read: ${(error as Error).message}`, {
      field: '--answers',
      cause: error,
    });
  }
  if (!file.endsWith('.json')) return [text];
  const parsed = z.array(z.string()).min(1).safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(
    `--answers ${file} must hold a list of texts, as in ["First answer [1].", "Second."].`,
    {
      field: '--answers',
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
