import { InvalidInputError } from '../errors.ts';

/**
 * A prompt with named places, `{context}` and so on, or a function of the same values. Values are put in verbatim: braces
 * in them mean nothing. Braces around anything but a name stay as they are, and `{{name}}` stands for `{name}`.
 */
export type PromptTemplate<Name extends string> =
  | string
  | ((values: Readonly<Record<Name, string>>) => string);

const PLACE = /\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\}/g;

/** What a template is called in messages, and the names it has to use. */
export interface TemplateDeclaration<Name extends string> {
  readonly field: string;
  readonly names: readonly Name[];
}

/** Checks a template once, so that a wrong name is found at start-up; throws `InvalidInputError` naming it. */
export function compileTemplate<Name extends string>(
  template: PromptTemplate<Name>,
  { field, names }: TemplateDeclaration<Name>,
): (values: Readonly<Record<Name, string>>) => string {
  if (typeof template === 'function') return template;
  const places = [...template.matchAll(PLACE)].map(([, , name]) => name).filter((name) => name !== undefined);
  const known = new Set<string>(names);
  const expected = names.map((name) => `{${name}}`).join(', ');
  for (const place of places) {
    if (!known.has(place)) {
      throw new InvalidInputError(`${field} has the unknown variable {${place}}; it may use ${expected}.`, {
        field,
      });
    }
  }
  for (const name of names) {
    if (!places.includes(name)) {
      throw new InvalidInputError(`${field} lacks the variable {${name}}; it must use ${expected}.`, {
        field,
      });
    }
  }
  return (values) =>
    template.replaceAll(PLACE, (_place, escaped: string | undefined, name: Name | undefined) =>
      name === undefined ? `{${escaped ?? ''}}` : values[name],
    );
}
