import { Command, Option } from 'commander';
import { describeDefault, SETTINGS, type Setting } from '../config/settings.ts';
import type { CommandDescription, CommandOption } from './command.ts';
import { COMMANDS, COMMON_SETTINGS } from './commands.ts';
import type { Terminal } from './terminal.ts';

/** A command line that was understood. */
export interface ParsedCommand {
  readonly command: CommandDescription;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[]>>;
  /** What the flags of settings said, by the setting's key. */
  readonly flags: Readonly<Record<string, string | readonly string[]>>;
}

/** What the program is built with. */
export interface ProgramOptions {
  readonly version: string;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly onCommand: (parsed: ParsedCommand) => Promise<void>;
}

/** The command line of citestream; parsing throws `CommanderError` for wrong usage, and after help was shown. */
export function createProgram({ version, stdout, stderr, onCommand }: ProgramOptions): Command {
  const { bold, cyan, dim } = stdout.colors;
  const program = new Command('citestream')
    .description(
      'Answers questions over your own documents, as a stream, with citations that can be checked.',
    )
    .version(version, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Show this help.')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({
      styleTitle: (title) => bold(title),
      styleCommandText: (name) => bold(name),
      styleSubcommandTerm: (term) => cyan(term),
      styleOptionTerm: (term) => cyan(term),
    })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // Errors are thrown, and told by whoever catches them.
      outputError: () => {},
      getOutHelpWidth: () => stdout.width,
      getErrHelpWidth: () => stderr.width,
      getOutHasColors: () => stdout.colors.isColorSupported,
      getErrHasColors: () => stderr.colors.isColorSupported,
    })
    .exitOverride()
    .addHelpText(
      'after',
      `\n${bold('Start here:')}\n  citestream ingest docs\n  citestream ask "How do I begin?"\n  citestream serve\n\n` +
        dim('citestream COMMAND --help shows examples. Settings may also stand in citestream.config.json.'),
    );
  for (const description of COMMANDS) program.addCommand(createCommand(description, program));
  return program;

  function createCommand(description: CommandDescription, parent: Command): Command {
    const command = new Command(description.name)
      .copyInheritedSettings(parent)
      .summary(description.summary)
      .description(description.description)
      .helpOption('-h, --help', 'Show this help.');
    for (const { usage, description: text } of description.words ?? []) command.argument(usage, text);
    for (const option of description.options ?? []) command.addOption(ownOption(option));
    const settings = settingsOf(description);
    for (const setting of settings) command.addOption(settingOption(setting));
    command
      .addOption(new Option('--config <file>', 'Read settings from this file.').helpGroup('Settings:'))
      .option('--debug', 'Show where an error comes from.')
      .addHelpText('after', examplesText(description));
    return command.action(async () => {
      const options = command.opts<Record<string, string | boolean | readonly string[]>>();
      const flags: Record<string, string | readonly string[]> = {};
      for (const setting of settings) {
        const value = options[settingOption(setting).attributeName()];
        if (typeof value !== 'boolean' && value !== undefined) flags[setting.key] = value;
      }
      await onCommand({ command: description, words: command.args, options, flags });
    });
  }

  function examplesText({ examples }: CommandDescription): string {
    return `\n${bold('Examples:')}\n${examples
      .map(([line, purpose]) => `  ${dim(`# ${purpose}`)}\n  ${line}`)
      .join('\n')}`;
  }
}

/** The settings that a command has flags for. */
export function settingsOf({ settings }: Pick<CommandDescription, 'settings'>): readonly Setting[] {
  return [...settings, ...COMMON_SETTINGS].map((key) => {
    const setting = SETTINGS.find((setting) => setting.key === key);
    if (setting?.flagUsage === undefined) throw new TypeError(`The setting ${key} has no flag.`);
    return setting;
  });
}

function settingOption(setting: Setting): Option {
  const { description, kind, accepts, flagUsage = '' } = setting;
  const isChoice = kind === 'text' && accepts.includes(' or ') && !accepts.startsWith('an ');
  const facts = [
    ...(isChoice ? [accepts] : []),
    kind === 'list' ? 'repeatable' : `default: ${describeDefault(setting)}`,
  ];
  const option = new Option(flagUsage, `${description} (${facts.join('; ')})`).helpGroup('Settings:');
  return kind === 'list' ? option.argParser(collect) : option;
}

function ownOption({ usage, description, isRepeatable }: CommandOption): Option {
  const option = new Option(usage, description);
  return isRepeatable === true ? option.argParser(collect) : option;
}

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];
