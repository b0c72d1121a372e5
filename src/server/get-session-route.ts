import { z } from 'zod';

import { CitestreamError } from '../errors.ts';
import { pathId, queryInteger } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';
import { sessionData, sessionSchema } from './session-wire.ts';
import { turnData, turnSchema } from './turn-wire.ts';

const DEFAULT_LIMIT = 100;

/** `GET /sessions/:session_id`: a conversation with its turns. */
export function getSessionRoute({ citestream: { history } }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/sessions/:session_id',
    operationId: 'getSession',
    summary: 'Gives a conversation with its questions, answers, sources and citations',
    tag: 'sessions',
    params: z.object({ session_id: pathId('The id of a session.') }),
    query: z.strictObject({
      limit: queryInteger(1, 1000).optional().describe('The last so many turns; 100 where absent.'),
    }),
    responses: {
      200: {
        description: 'The session; its turns are in the order they were asked.',
        schema: sessionSchema.extend({ turns: z.array(turnSchema) }),
      },
    },
    problems: ['NOT_FOUND'],
    async handle({ params: { session_id: sessionId }, query: { limit = DEFAULT_LIMIT } }) {
      const session = await history.session(sessionId);
      if (session === undefined) {
        throw new CitestreamError('NOT_FOUND', `There is no session "${sessionId}".`);
      }
      const turns = await history.turns(sessionId, { limit });
      return { ...sessionData(session), turns: turns.map(turnData) };
    },
  });
}
