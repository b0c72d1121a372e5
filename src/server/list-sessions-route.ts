import { z } from 'zod';

import { count, queryInteger } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';
import { sessionData, sessionSchema } from './session-wire.ts';

const DEFAULT_LIMIT = 50;

/** `GET /sessions`: the conversations, last used first. */
export function listSessionsRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/sessions',
    operationId: 'listSessions',
    summary: 'Lists conversations, last used first',
    tag: 'sessions',
    query: z.strictObject({
      limit: queryInteger(1, 1000).optional().describe('At most so many; 50 where absent.'),
      offset: queryInteger(0, 1_000_000_000).optional().describe('How many to leave out.'),
    }),
    responses: {
      200: {
        description: 'One page.',
        schema: z.object({
          sessions: z.array(sessionSchema),
          next_offset: count().nullable().describe('Where the next page begins; null on the last.'),
        }),
      },
    },
    async handle({ query: { limit = DEFAULT_LIMIT, offset = 0 } }) {
      const sessions = await citestream.history.sessions({ limit: limit + 1, offset });
      return {
        sessions: sessions.slice(0, limit).map(sessionData),
        next_offset: sessions.length > limit ? offset + limit : null,
      };
    },
  });
}
