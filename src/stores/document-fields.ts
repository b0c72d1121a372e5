import { InvalidInputError } from '../errors.ts';
import type { FilterSubject, Scalar } from './compile-filters.ts';

/** What filters can ask of a document or chunk itself; each hides metadata of the same name. */
export const DOCUMENT_FIELDS: ReadonlyMap<string, 'text' | 'number'> = new Map([
  ['document_id', 'text'],
  ['uri', 'text'],
  ['title', 'text'],
  ['media_type', 'text'],
  ['page', 'number'],
]);

/** A field's subject that refuses what the field's type cannot be compared with, rather than find nothing. */
export function onlyComparable<Predicate>(
  key: string,
  type: 'text' | 'number',
  subject: FilterSubject<Predicate>,
): FilterSubject<Predicate> {
  const refuse = (why: string) =>
    new InvalidInputError(`The filters cannot compare ${JSON.stringify(key)} so: it is ${why}.`, {
      field: 'filters',
    });
  const check = (value: Scalar): void => {
    if (typeof value !== (type === 'text' ? 'string' : 'number')) {
      throw refuse(`a ${type}, not ${JSON.stringify(value)}`);
    }
  };
  return {
    equalsAny(values) {
      for (const value of values) check(value);
      return subject.equalsAny(values);
    },
    compare(comparison, bound) {
      check(bound);
      return subject.compare(comparison, bound);
    },
    holds() {
      throw refuse(`a ${type}, not a list`);
    },
    includes(text, options) {
      if (type !== 'text') throw refuse('a number, not a text');
      return subject.includes(text, options);
    },
    isEmpty: () => subject.isEmpty(),
  };
}
