import type { LoadedConfiguration } from '../config/load-configuration.ts';
import type { Terminal } from './terminal.ts';

/** What every command has at hand. */
export interface CommandContext {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** The working directory. */
  readonly directory: string;
  /** Aborted by Ctrl-C and SIGTERM, with `Interrupted` as its reason. */
  readonly signal: AbortSignal;
}

/** A command as it was typed. */
export interface Invocation {
  readonly context: CommandContext;
  /** The words that are no flags. */
  readonly words: readonly string[];
  /** The command's own flags, by their camelCase name; repeatable ones are lists. */
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  /** Loads the settings, with those flags that are settings; throws CONFIGURATION. */
  readonly load: () => LoadedConfiguration;
}

/** Runs a command and gives its exit code. */
export type RunCommand = (invocation: Invocation) => Promise<number>;

/** A flag of one command that is no setting. */
export interface CommandOption {
  /** As in `--filter <key=value>`. */
  readonly usage: string;
  readonly description: string;
  readonly isRepeatable?: boolean;
}

/** A command as help shows it; what runs it is imported when it is run. */
export interface CommandDescription {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly words?: readonly { readonly usage: string; readonly description: string }[];
  readonly options?: readonly CommandOption[];
  /** The keys of the settings that have a flag here. */
  readonly settings: readonly string[];
  /** A command line, and what it is for. */
  readonly examples: readonly (readonly [string, string])[];
  readonly import: () => Promise<RunCommand>;
}
