import { z } from 'zod';

import { NotImplementedError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';

/** `GET /chat/stream/:turn_id`: will go on with a stream where its reader stopped. */
export function resumeChatStreamRoute(): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/chat/stream/:turn_id',
    operationId: 'resumeChatStream',
    summary: 'Goes on with a stream where its reader stopped; not implemented yet',
    tag: 'chat',
    params: z.object({ turn_id: pathId('The id of a turn.') }),
    requestHeaders: { 'Last-Event-ID': 'The number of the last event the reader has.' },
    streams: true,
    responses: {},
    problems: ['NOT_IMPLEMENTED'],
    async handle() {
      throw new NotImplementedError(
        'Resuming a stream is not implemented yet; the answer is at /sessions/{session_id} when it is complete.',
      );
    },
  });
}
