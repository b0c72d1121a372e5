import { isObject, type Payload } from './qdrant-wire.ts';

/** A key, a place in a list, or every member of one. */
type PathStep = string | number | typeof EVERY;

const EVERY = Symbol('every member');

/** Reads `a.b`, `list[].b`, `list[0]` and `"quoted.key".b` as steps. */
function parsePath(path: string): readonly PathStep[] {
  const steps: PathStep[] = [];
  for (const match of path.matchAll(/"([^"]*)"|\[(\d*)\]|([^."[\]]+)/g)) {
    const [, quoted, index, plain] = match;
    if (index === undefined) steps.push(quoted ?? plain ?? '');
    else steps.push(index === '' ? EVERY : Number(index));
  }
  return steps;
}

/** The values at a path; a list at its end stands for its members where `flat`, which is how conditions see it. */
export function valuesAt(payload: Payload, path: string, { flat = true } = {}): readonly unknown[] {
  let values: readonly unknown[] = [payload];
  for (const step of parsePath(path)) {
    values = values.flatMap((value): readonly unknown[] => {
      if (step === EVERY) return Array.isArray(value) ? (value as readonly unknown[]) : [];
      if (typeof step === 'number') {
        return Array.isArray(value) && step < value.length ? [(value as readonly unknown[])[step]] : [];
      }
      return isObject(value) && Object.hasOwn(value, step) ? [value[step]] : [];
    });
  }
  return flat ? values.flat() : values;
}

/** The part of a payload that a request asks for. */
export function selectPayload(payload: Payload, selector: unknown): Payload | undefined {
  if (selector === false || selector === undefined || selector === null) return undefined;
  if (selector === true) return payload;
  const keys = Array.isArray(selector) ? selector : isObject(selector) ? selector['include'] : undefined;
  if (Array.isArray(keys)) {
    return Object.fromEntries(Object.entries(payload).filter(([key]) => keys.includes(key)));
  }
  const excluded = isObject(selector) && Array.isArray(selector['exclude']) ? selector['exclude'] : [];
  return Object.fromEntries(Object.entries(payload).filter(([key]) => !excluded.includes(key)));
}
