import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CitestreamError } from '../errors.ts';
import { parseJson } from './parse-json.ts';

/** The name of the file that is looked for in the directory. */
const CONFIGURATION_FILE = 'citestream.config.json';

/** What a configuration file holds, not yet checked. */
export interface ConfigurationFile {
  readonly path: string;
  readonly settings: unknown;
}

/** Reads the named file, or `citestream.config.json` where there is one; throws CONFIGURATION where it cannot be read. */
export function readConfigurationFile(
  directory: string,
  name: string | undefined,
): ConfigurationFile | undefined {
  const file = path.resolve(directory, name ?? CONFIGURATION_FILE);
  try {
    return { path: file, settings: parseJson(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (name === undefined && code === 'ENOENT') return undefined;
    const reason =
      error instanceof SyntaxError
        ? `is not valid JSON: ${message}`
        : code === 'ENOENT'
          ? 'does not exist'
          : `cannot be read: ${message}`;
    throw new CitestreamError('CONFIGURATION', `The configuration file ${file} ${reason}.`, { cause: error });
  }
}
