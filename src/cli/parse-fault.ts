import { InvalidInputError } from '../errors.ts';

/** What a fault's settings are called on the command line, and in the simulator; numbers but for those in `texts`. */
export interface FaultWords {
  readonly kinds: readonly string[];
  readonly names: Readonly<Record<string, string>>;
  /** The settings whose value is no number. */
  readonly texts: ReadonlySet<string>;
}

/** Reads `--fault throttle:rate=0.1,times=3`; throws INVALID_INPUT with what there is. */
export function parseFault(
  text: string,
  { kinds, names, texts }: FaultWords,
): Readonly<Record<string, unknown>> {
  const colon = text.includes(':') ? text.indexOf(':') : text.length;
  const kind = text.slice(0, colon);
  if (!kinds.includes(kind)) {
    throw new InvalidInputError(
      `--fault ${JSON.stringify(kind)} is unknown; there are ${kinds.join(', ')}.`,
      {
        field: '--fault',
      },
    );
  }
  const settings = text
    .slice(colon + 1)
    .split(',')
    .filter((setting) => setting !== '');
  return Object.fromEntries([['kind', kind], ...settings.map(parseSetting)]);

  function parseSetting(setting: string): readonly [string, unknown] {
    const [, word = setting, value] = /^([^=]*)=(.*)$/s.exec(setting) ?? [];
    const name = names[word];
    const isNumber = !texts.has(word);
    if (
      name === undefined ||
      value === undefined ||
      value === '' ||
      (isNumber && !Number.isFinite(Number(value)))
    ) {
      throw new InvalidInputError(
        `--fault ${kind} has ${JSON.stringify(setting)}; it takes ${Object.keys(names)
          .map((known) => `${known}=${texts.has(known) ? 'TEXT' : 'NUMBER'}`)
          .join(', ')}.`,
        { field: '--fault' },
      );
    }
    return [name, isNumber ? Number(value) : value];
  }
}
