import { z } from 'zod';

import { toCitestreamError } from '../errors.ts';
import { count } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { RequestError } from './problem.ts';
import { refuseWhileClosing, type ServerContext } from './server-context.ts';

/** `GET /readyz`: the store answers, and questions are taken. */
export function readyzRoute(context: ServerContext): Endpoint {
  const { citestream, options } = context;
  return defineEndpoint({
    method: 'GET',
    path: '/readyz',
    operationId: 'isReady',
    summary: 'Answers 200 while questions can be answered',
    tag: 'service',
    isOpen: true,
    responses: {
      200: {
        description: 'It is ready.',
        schema: z.object({ status: z.literal('ready'), documents: count(), chunks: count() }),
      },
    },
    problems: ['SHUTTING_DOWN', 'STORE_FAILED'],
    async handle() {
      refuseWhileClosing(context);
      try {
        const signal = AbortSignal.timeout(options.limits.readyTimeoutMs);
        const { documents, chunks } = await rejectOnAbort(citestream.store.count({ signal }), signal);
        return { status: 'ready', documents, chunks };
      } catch (cause) {
        const { code } = toCitestreamError(cause, 'STORE_FAILED');
        throw new RequestError(code, 'The document store does not answer.', { status: 503, cause });
      }
    },
  });
}

/** A probe needs its answer in time even from a store that does not heed the signal. */
async function rejectOnAbort<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => aborted.reject(signal.reason as Error), { once: true });
  return Promise.race([promise, aborted.promise]);
}
