import { z } from 'zod';

import { CitestreamError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';

/** `DELETE /sessions/:session_id`: forgets a conversation. */
export function deleteSessionRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'DELETE',
    path: '/sessions/:session_id',
    operationId: 'deleteSession',
    summary: 'Forgets a conversation with all its turns',
    tag: 'sessions',
    params: z.object({ session_id: pathId('The id of a session.') }),
    responses: { 204: { description: 'It is forgotten.' } },
    problems: ['NOT_FOUND'],
    async handle({ params, reply }) {
      if (!(await citestream.history.deleteSession(params.session_id))) {
        throw new CitestreamError('NOT_FOUND', `There is no session "${params.session_id}".`);
      }
      return reply.status(204).send();
    },
  });
}
