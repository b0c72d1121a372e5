import { z } from 'zod';

import { CitestreamError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';

/** `DELETE /chat/stream/:turn_id`: stops a running turn for everybody who reads it. */
export function stopChatStreamRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'DELETE',
    path: '/chat/stream/:turn_id',
    operationId: 'stopChatStream',
    summary: 'Stops a running turn; what was written is kept as partial',
    tag: 'chat',
    params: z.object({ turn_id: pathId('The id of a turn.') }),
    responses: { 204: { description: 'The turn is stopped; its stream ends with finish_reason stopped.' } },
    problems: ['NOT_FOUND'],
    async handle({ params, reply }) {
      if (!citestream.chat.stop(params.turn_id)) {
        throw new CitestreamError('NOT_FOUND', `No turn "${params.turn_id}" is running.`);
      }
      return reply.status(204).send();
    },
  });
}
