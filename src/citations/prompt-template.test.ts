import { describe, expect, it } from 'vitest';

import { InvalidInputError } from '../errors.ts';
import { compileTemplate } from './prompt-template.ts';

const declaration = { field: 'greeting', names: ['name', 'place'] } as const;

describe('a template', () => {
  it('puts values in verbatim, everywhere their name stands', () => {
    const write = compileTemplate('{name} of {place}, {name}!', declaration);
    expect(write({ name: '{place} $& $1 {{name}}', place: '\\' })).toBe(
      '{place} $& $1 {{name}} of \\, {place} $& $1 {{name}}!',
    );
  });

  it('leaves braces around anything but a name, and writes doubled ones once', () => {
    const write = compileTemplate('{"a": {1}} {} { name } {{name}} {name} {place}', declaration);
    expect(write({ name: 'N', place: 'P' })).toBe('{"a": {1}} {} { name } {name} N P');
  });

  it('may be a function', () => {
    const write = compileTemplate(({ name, place }) => `${place}: ${name}`, declaration);
    expect(write({ name: 'N', place: 'P' })).toBe('P: N');
  });

  it.each([
    ['an unknown variable', '{name} {place} {plaice}', '{plaice}'],
    ['too few variables', '{name}', '{place}'],
    ['a variable only in doubled braces', '{name} {{place}}', '{place}'],
  ])('with %s is refused by name', (_name, template, variable) => {
    const compile = (): unknown => compileTemplate(template, declaration);
    expect(compile).toThrow(InvalidInputError);
    expect(compile).toThrow(variable);
    expect(compile).toThrow('greeting');
  });
});
