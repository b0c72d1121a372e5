import { describe, expect, it } from 'vitest';
import { CitestreamError, InvalidInputError } from '../errors.ts';
import { describeFailure } from './describe-failure.ts';
import { Interrupted } from './interruption.ts';

const calm = { signal: new AbortController().signal, debug: false };

describe('describeFailure', () => {
  it('gives our errors as they are, each line with the name of the program', () => {
    expect(describeFailure(new InvalidInputError('The question is empty.'), calm)).toEqual({
      exitCode: 2,
      message: 'citestream: The question is empty.',
    });
    expect(describeFailure(new CitestreamError('STORE_FAILED', 'One.\nTwo.'), calm)).toEqual({
      exitCode: 1,
      message: 'citestream: One.\ncitestream: Two.',
    });
  });

  it('says of other errors that nobody expected them, without a stack', () => {
    const { exitCode, message } = describeFailure(new TypeError('x is not a function'), calm);
    expect(exitCode).toBe(1);
    expect(message).toBe(
      'citestream: unexpected failure: x is not a function. Run it again with --debug to see where.',
    );
  });

  it('shows the stack and the causes where they are asked for', () => {
    const error = new CitestreamError('LLM_FAILED', 'No answer.', { cause: new Error('socket closed') });
    const { message } = describeFailure(error, { ...calm, debug: true });
    expect(message).toMatch(/^citestream: No answer\.\n.*\n {4}at .*caused by Error: socket closed/s);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('says nothing after %s and ends with %i', (name, exitCode) => {
    const signal = AbortSignal.abort(new Interrupted(name));
    expect(describeFailure(new Error('closed'), { signal, debug: true })).toEqual({ exitCode, message: '' });
  });
});
