import { valuesAt } from './qdrant-payload.ts';
import { isObject, listOf, type Payload, type Point, textOr, wrongInput } from './qdrant-wire.ts';

type Candidate = Pick<Point, 'id' | 'payload' | 'vectors'>;

/** Compares a point with a filter; throws for what is no condition. */
export type Test = (point: Candidate) => boolean;

const GROUPS = ['must', 'should', 'must_not', 'min_should'] as const;

/** A filter as a function; no filter lets everything through. */
export function compileFilter(filter: unknown): Test {
  if (filter === undefined || filter === null) return () => true;
  if (!isObject(filter)) throw wrongInput('the filter is no object');
  const unknown = Object.keys(filter).find((key) => !GROUPS.includes(key as (typeof GROUPS)[number]));
  if (unknown !== undefined) throw wrongInput(`unknown field \`${unknown}\` in the filter`);
  const tests = (group: unknown) => listOf(group).map(compileCondition);
  const must = tests(filter['must']);
  const should = tests(filter['should']);
  const mustNot = tests(filter['must_not']);
  const minShould = filter['min_should'];
  const enough = isObject(minShould) ? tests(minShould['conditions']) : [];
  const least = isObject(minShould) ? Number(minShould['min_count']) : 0;
  return (point) =>
    must.every((test) => test(point)) &&
    (should.length === 0 || should.some((test) => test(point))) &&
    mustNot.every((test) => !test(point)) &&
    enough.filter((test) => test(point)).length >= least;
}

function compileCondition(condition: unknown): Test {
  if (!isObject(condition)) throw wrongInput('a condition is no object');
  if (GROUPS.some((group) => group in condition)) return compileFilter(condition);
  const { has_id: ids, is_empty: empty, is_null: isNull, nested, has_vector: vector, key } = condition;
  if (typeof key === 'string') return fieldTest(key, condition);
  if (Array.isArray(ids)) {
    const wanted = new Set<unknown>(ids);
    return ({ id }) => wanted.has(id);
  }
  if (isObject(empty)) return ({ payload }) => isEmptyAt(payload, String(empty['key']));
  if (isObject(isNull)) return ({ payload }) => isNullAt(payload, String(isNull['key']));
  if (typeof vector === 'string') return ({ vectors }) => vectors.has(vector);
  if (isObject(nested)) {
    const inner = compileFilter(nested['filter']);
    return ({ id, payload }) =>
      valuesAt(payload, String(nested['key'])).some(
        (element) => isObject(element) && inner({ id, payload: element, vectors: new Map() }),
      );
  }
  throw wrongInput(`data did not match any variant of untagged enum Condition: ${JSON.stringify(condition)}`);
}

function fieldTest(key: string, condition: Record<string, unknown>): Test {
  const { match, range, values_count: count, is_empty: empty, is_null: isNull } = condition;
  if (isObject(match)) {
    const test = matchTest(match);
    return ({ payload }) => valuesAt(payload, key).some(test);
  }
  if (isObject(range))
    return ({ payload }) => valuesAt(payload, key).some((value) => isInRange(value, range));
  if (isObject(count)) return ({ payload }) => isInRange(valuesAt(payload, key).length, count);
  if (typeof empty === 'boolean') return ({ payload }) => isEmptyAt(payload, key) === empty;
  if (typeof isNull === 'boolean') return ({ payload }) => isNullAt(payload, key) === isNull;
  throw wrongInput(`the condition on \`${key}\` is not simulated: ${Object.keys(condition).join(', ')}`);
}

function matchTest(match: Record<string, unknown>): (value: unknown) => boolean {
  const { value: wanted, any, except, text, phrase, text_any: anyText, prefix } = match;
  if (typeof wanted === 'number' && !Number.isInteger(wanted)) {
    throw wrongInput('data did not match any variant of untagged enum ValueVariants');
  }
  if (wanted !== undefined) return (value) => value === wanted;
  if (Array.isArray(any)) {
    const set = variants(any);
    return (value) => set.has(value);
  }
  if (Array.isArray(except)) {
    const set = variants(except);
    return (value) => (typeof value === 'string' || Number.isInteger(value)) && !set.has(value);
  }
  // Without an index of the words, a text is found as it is.
  const part = text ?? phrase;
  if (typeof part === 'string') return (value) => typeof value === 'string' && value.includes(part);
  if (typeof prefix === 'string') return (value) => typeof value === 'string' && value.startsWith(prefix);
  if (typeof anyText === 'string') {
    const words = anyText.split(/\s+/);
    return (value) => typeof value === 'string' && words.some((word) => value.includes(word));
  }
  throw wrongInput('data did not match any variant of untagged enum Match');
}

/** Texts or whole numbers, not both: a real server takes nothing else. */
function variants(values: readonly unknown[]): ReadonlySet<unknown> {
  const fits =
    values.every((value) => typeof value === 'string') || values.every((value) => Number.isInteger(value));
  if (!fits) throw wrongInput('data did not match any variant of untagged enum AnyVariants');
  return new Set(values);
}

function isInRange(value: unknown, range: Record<string, unknown>): boolean {
  const bound = (name: string): number | undefined => {
    const given = range[name];
    if (given === undefined || given === null) return undefined;
    if (typeof given === 'number') return given;
    const time = Date.parse(textOr(given, ''));
    if (Number.isNaN(time)) {
      throw wrongInput(`\`${JSON.stringify(given)}\` is neither a number nor a date`);
    }
    return time;
  };
  const [lt, gt, lte, gte] = ['lt', 'gt', 'lte', 'gte'].map(bound);
  const isDate = Object.values(range).some((given) => typeof given === 'string');
  const number = isDate && typeof value === 'string' ? Date.parse(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return false;
  return (
    (lt === undefined || number < lt) &&
    (gt === undefined || number > gt) &&
    (lte === undefined || number <= lte) &&
    (gte === undefined || number >= gte)
  );
}

const isEmptyAt = (payload: Payload, key: string): boolean =>
  valuesAt(payload, key).every((value) => value === null || value === undefined);

const isNullAt = (payload: Payload, key: string): boolean => valuesAt(payload, key).includes(null);
