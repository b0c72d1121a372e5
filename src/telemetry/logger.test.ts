import { describe, expect, it } from 'vitest';

import { CitestreamError } from '../errors.ts';
import { createLogger, describeError, type LoggerOptions } from './logger.ts';

function record(level: LoggerOptions['level'] = 'info') {
  const lines: string[] = [];
  const logger = createLogger({ level, stream: { write: (line) => lines.push(line) } });
  return { logger, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the logger', () => {
  it('writes one JSON object a line, with the level by name and the time', () => {
    const { logger, entries } = record();
    logger.info({ request_id: 'r1' }, 'request');
    expect(entries()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        pid: process.pid,
        request_id: 'r1',
        msg: 'request',
      },
    ]);
  });

  it('leaves out what is below its level', () => {
    const { logger, entries } = record('error');
    logger.info('quiet');
    logger.error('loud');
    expect(entries().map(({ msg }) => msg)).toEqual(['loud']);
  });

  it('describes an error with its causes, and with nothing else that hangs on it', () => {
    const cause = Object.assign(new Error('refused'), {
      code: 'ECONNREFUSED',
      request: { prompt: 'secret' },
    });
    const { logger, entries } = record();
    logger.error({ err: new CitestreamError('LLM_FAILED', 'The model failed.', { cause }) }, 'turn failed');
    const [entry] = entries();
    expect(entry).toMatchObject({
      err: {
        type: 'CitestreamError',
        code: 'LLM_FAILED',
        message: 'The model failed.',
        cause: { type: 'Error', code: 'ECONNREFUSED', message: 'refused' },
      },
    });
    expect(JSON.stringify(entry)).not.toContain('secret');
  });

  it('ends with a chain of causes that has no end, and shortens long messages', () => {
    const error = new Error('x'.repeat(5000));
    error.cause = error;
    expect(JSON.stringify(describeError(error)).length).toBeLessThan(20_000);
    expect(describeError('thrown text')).toEqual({ type: 'string', message: 'thrown text' });
  });
});
