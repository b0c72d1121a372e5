import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { loadConfiguration } from '../config/load-configuration.ts';
import { InvalidInputError } from '../errors.ts';
import type { CommandContext } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import { createProgram, type ParsedCommand } from './program.ts';

/** The command line, and where it was typed. */
export interface CommandLine {
  /** Without the program's name. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly context: CommandContext;
}

/** Runs a command line to its end and gives its exit code: 0 fine, 1 failed, 2 wrong usage, 130 and 143 interrupted. */
export async function runCommandLine({ words, environment, context }: CommandLine): Promise<number> {
  const { stdout, stderr, signal, directory } = context;
  let exitCode = 0;
  try {
    const program = createProgram({ version: readVersion(), stdout, stderr, onCommand: run });
    if (words.length === 0) {
      program.outputHelp({ error: true });
      return 2;
    }
    await program.parseAsync([...words], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return endOfUsage(thrown);
    const debug = words.includes('--debug') || (environment['CITESTREAM_DEBUG'] ?? '') !== '';
    const failure = describeFailure(thrown, { signal, debug });
    if (failure.message !== '') stderr.write(`${failure.message}\n`);
    exitCode = failure.exitCode;
  }
  return exitCode;

  async function run({ command, words, options, flags }: ParsedCommand): Promise<void> {
    const runCommand = await command.import();
    const configFile = options['config'];
    exitCode = await runCommand({
      context,
      words,
      options,
      load: () =>
        loadConfiguration({
          flags,
          environment,
          directory,
          ...(typeof configFile === 'string' && { configFile }),
        }),
    });
  }

  /** Help and the version are no errors; the rest becomes one sentence. */
  function endOfUsage(error: CommanderError): number {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    const sentence = error.message
      .replace(/^error: /, '')
      .replace(/\n\((Did.*)\)$/, (_, hint: string) => `; ${hint.replace('Did', 'did')}`);
    const command = words.find((word) => !word.startsWith('-'));
    const known = error.code !== 'commander.unknownCommand' && command !== undefined ? ` ${command}` : '';
    stderr.write(`citestream: ${sentence.replace(/([^?.])$/, '$1.')} See citestream${known} --help.\n`);
    return new InvalidInputError(sentence).exitCode;
  }
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
