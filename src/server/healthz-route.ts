import { z } from 'zod';

import { defineEndpoint, type Endpoint } from './endpoint.ts';

/** `GET /healthz`: the process is alive, and its event loop runs. */
export function healthzRoute(): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/healthz',
    operationId: 'isAlive',
    summary: 'Answers as long as the process lives',
    tag: 'service',
    isOpen: true,
    responses: { 200: { description: 'It lives.', schema: z.object({ status: z.literal('alive') }) } },
    handle: async () => ({ status: 'alive' }),
  });
}
