import type { z } from 'zod';

import { nearestName } from '../config/nearest-name.ts';
import { type FieldError, RequestError } from './problem.ts';

const MAX_ERRORS = 20;
const MAX_SHOWN_CHARS = 60;

/** What comes from outside as the schema's output; throws INVALID_INPUT that names every wrong field. */
export function validateInput<Output>(
  schema: z.ZodType<Output>,
  input: unknown,
  { name }: { readonly name: 'body' | 'query' },
): Output {
  const result = schema.safeParse(input, { reportInput: true });
  if (result.success) return result.data;
  const errors = fieldErrors(result.error.issues, [], schema).slice(0, MAX_ERRORS);
  const [first] = errors;
  const detail = first === undefined ? `The ${name} is not valid.` : sentence(first, name);
  throw new RequestError('INVALID_INPUT', detail, { errors });
}

type Issue = z.core.$ZodIssue;

function fieldErrors(
  issues: readonly Issue[],
  parent: readonly PropertyKey[],
  schema: z.ZodType,
): readonly FieldError[] {
  return issues.flatMap((issue) => {
    const path = [...parent, ...issue.path];
    if (issue.code === 'invalid_union') {
      const kinds = issue.errors.map(kindExpected);
      if (kinds.every((kind) => kind !== undefined))
        return [describe(issue, path, `must be ${listed(kinds)}`)];
      const branch = likeliestBranch(issue.errors);
      return branch.length > 0 ? fieldErrors(branch, path, schema) : [describe(issue, path)];
    }
    if (issue.code === 'unrecognized_keys') {
      // Only the outermost object tells which names it knows; inside a union they would depend on the branch.
      const known = path.length === 0 ? namesOf(schema) : [];
      return issue.keys.map((key) => unknownField(key, path, known));
    }
    return [describe(issue, path)];
  });
}

/** The branch that came furthest is the one that was meant. */
function likeliestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (issues: readonly Issue[]): number =>
    Math.max(...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 0.5 : 0)));
  const misfits = (issues: readonly Issue[]): number =>
    issues.filter(({ code }) => code === 'unrecognized_keys' || code === 'invalid_type').length;
  return (
    branches
      .filter((issues) => issues.length > 0)
      .sort((a, b) => misfits(a) - misfits(b) || depth(b) - depth(a))[0] ?? []
  );
}

/** The kind a branch of a union wanted, where the value is of another kind altogether. */
function kindExpected(issues: readonly Issue[]): string | undefined {
  const [issue] = issues;
  if (issue === undefined || issue.path.length > 0) return undefined;
  if (issue.code === 'invalid_type') return issue.expected;
  if (issue.code !== 'invalid_union') return undefined;
  const kinds = issue.errors.map(kindExpected);
  return kinds.every((kind) => kind !== undefined) ? kinds.join(', ') : undefined;
}

const listed = (kinds: readonly string[]): string =>
  [...new Set(kinds.join(', ').split(', '))].join(', ').replace(/, (\w+)$/, ' or $1');

function describe(issue: Issue, path: readonly PropertyKey[], rule = ruleOf(issue)): FieldError {
  const { input } = issue;
  return { path: pathText(path), message: `${rule}${input === undefined ? '' : shown(input)}` };
}

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `must be ${/^[aeio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected === 'int' ? 'integer' : issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return boundOf(issue, `at least ${issue.minimum}`);
    case 'too_big':
      return boundOf(issue, `at most ${issue.maximum}`);
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_union':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    default:
      return issue.message.replace(/^Invalid (?:input|string): /, '');
  }
}

const COUNTED: Readonly<Record<string, string>> = { string: 'characters', array: 'items' };

/** A schema's own words begin with `must`; the rest of the bounds are put the same way. */
function boundOf({ message, origin }: { message: string; origin: string }, bound: string): string {
  if (message.startsWith('must')) return message;
  const counted = COUNTED[origin];
  return counted === undefined ? `must be ${bound}` : `must have ${bound} ${counted}`;
}

function shown(input: unknown): string {
  if (Array.isArray(input)) return `, received an array of ${input.length}`;
  if (typeof input === 'object' && input !== null) return ', received an object';
  const text = JSON.stringify(input);
  return text.length <= MAX_SHOWN_CHARS ? `, received ${text}` : `, received ${text.length} characters`;
}

function unknownField(key: string, path: readonly PropertyKey[], known: readonly string[]): FieldError {
  const nearest = nearestName(key, known);
  const hint =
    nearest === undefined ? known.length > 0 && `it takes ${known.join(', ')}` : `did you mean "${nearest}"?`;
  return {
    path: pathText([...path, key.slice(0, MAX_SHOWN_CHARS)]),
    message: `is not known${hint === false ? '' : `; ${hint}`}`,
  };
}

function namesOf(schema: z.ZodType): readonly string[] {
  return 'shape' in schema ? Object.keys(schema.shape as object) : [];
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

function sentence({ path, message }: FieldError, name: string): string {
  return path === '' ? `The ${name}: ${message}.` : `${path}: ${message}.`;
}
