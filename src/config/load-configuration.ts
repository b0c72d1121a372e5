import path from 'node:path';
import type { z } from 'zod';
import { CitestreamError } from '../errors.ts';
import {
  fromEnvironment,
  fromFlags,
  fromObject,
  showValue,
  type GivenValues,
  type Origin,
} from './collect-settings.ts';
import {
  configurationSchema,
  type Configuration,
  type ConfigurationInput,
  type ParsedSettings,
} from './configuration.ts';
import { formatProvider, parseProvider } from './provider-string.ts';
import { readConfigurationFile } from './read-configuration-file.ts';
import { SETTINGS, type Setting } from './settings.ts';

/** Where settings are looked for. */
export interface ConfigurationSources {
  /** Settings given by a program, above all others. */
  readonly settings?: ConfigurationInput;
  /** What flags said, by the setting's key: `{ 'retrieval.topK': '3' }`. */
  readonly flags?: Readonly<Record<string, string | readonly string[]>>;
  /** @default none; the command line passes `process.env` */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where the file is looked for, and what relative folders are relative to. @default process.cwd() */
  readonly directory?: string;
  /** A file that must be there. @default `CITESTREAM_CONFIG`, else `citestream.config.json` where there is one */
  readonly configFile?: string;
}

/** The effective configuration, and where each of its values came from, by the setting's key. */
export interface LoadedConfiguration {
  readonly configuration: Configuration;
  readonly origins: Readonly<Record<string, Origin>>;
  /** The file that was read. */
  readonly file?: string;
}

/**
 * Loads the settings: flags over environment over file over defaults. Throws CONFIGURATION for unknown names
 * and wrong values; the message names the source, the value seen and what is accepted.
 *
 * @example
 * const { configuration } = loadConfiguration({ environment: process.env });
 */
export function loadConfiguration(sources: ConfigurationSources = {}): LoadedConfiguration {
  const { environment = {}, directory = process.cwd() } = sources;
  const configFile = sources.configFile ?? (environment['CITESTREAM_CONFIG'] || undefined);
  const file = readConfigurationFile(directory, configFile);
  const given: GivenValues = new Map([
    ...(file === undefined
      ? []
      : fromObject(file.settings, { from: 'file', name: path.relative(directory, file.path) })),
    ...fromEnvironment(environment),
    ...fromFlags(sources.flags ?? {}),
    ...fromObject(sources.settings ?? {}, { from: 'code' }),
  ]);
  const parsed = configurationSchema.safeParse(nest(given));
  if (!parsed.success) throw refusal(parsed.error, given);
  const origins = SETTINGS.map(({ key }) => [key, given.get(key)?.origin ?? { from: 'default' }] as const);
  return {
    configuration: resolve(parsed.data, { directory, file: file?.path, given }),
    origins: Object.fromEntries(origins),
    ...(file !== undefined && { file: file.path }),
  };
}

function nest(given: GivenValues): unknown {
  const root: Record<string, unknown> = {};
  for (const { key, path } of SETTINGS) {
    const value = given.get(key)?.value;
    if (value === undefined) continue;
    let parent = root;
    for (const name of path.slice(0, -1)) parent = (parent[name] ??= {}) as Record<string, unknown>;
    parent[path.at(-1) ?? key] = value;
  }
  return root;
}

/** One sentence for each wrong setting, each on its line. */
function refusal(error: z.ZodError, given: GivenValues): CitestreamError {
  const problems = new Map<string, string>();
  for (const issue of error.issues) {
    const key = issue.path.filter((part) => typeof part === 'string').join('.');
    const setting = SETTINGS.find((setting) => setting.key === key);
    if (setting === undefined || problems.has(key)) continue;
    const { value, origin } = given.get(key) ?? { value: setting.defaultValue, origin: { from: 'default' } };
    const accepts = issue.code === 'custom' ? issue.message : setting.accepts;
    problems.set(key, `${placeOf(setting, origin)} is ${showValue(value, setting)}; it must be ${accepts}.`);
  }
  return new CitestreamError('CONFIGURATION', [...problems.values()].join('\n'));
}

function placeOf(setting: Setting, origin: Origin): string {
  if (origin.from === 'file') return `${origin.name}: ${setting.key}`;
  return origin.from === 'default' ? `The default of ${setting.key}` : (origin.name ?? setting.key);
}

/** Fills in what depends on other settings, and makes folders absolute: from the file's folder where it names them. */
function resolve(
  parsed: ParsedSettings,
  from: { readonly directory: string; readonly file: string | undefined; readonly given: GivenValues },
): Configuration {
  const base = (key: string): string =>
    from.file !== undefined && from.given.get(key)?.origin.from === 'file'
      ? path.dirname(from.file)
      : from.directory;
  const dataDir = path.resolve(base('dataDir'), parsed.dataDir);
  const store = parseProvider('store', parsed.store ?? `lancedb:${path.join(dataDir, 'lancedb')}`);
  const { modelsDir } = parsed.embedding;
  const mode = parsed.retrieval.mode ?? (parsed.embedder === 'bm25' ? 'sparse' : 'hybrid');
  if (parsed.embedder === 'bm25' && mode !== 'sparse') {
    throw new CitestreamError(
      'CONFIGURATION',
      `retrieval.mode is "${mode}", but the embedder bm25 makes no vectors; choose sparse, or another embedder.`,
    );
  }
  return {
    ...parsed,
    dataDir,
    store: formatProvider(
      store.kind === 'lancedb'
        ? { ...store, directory: path.resolve(base('store'), store.directory) }
        : store,
    ),
    embedding: {
      ...parsed.embedding,
      ...(modelsDir !== undefined && {
        modelsDir: path.resolve(base('embedding.modelsDir'), modelsDir),
      }),
    },
    retrieval: { ...parsed.retrieval, mode },
  };
}
