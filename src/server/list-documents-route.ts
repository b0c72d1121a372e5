import { z } from 'zod';

import { pathId, queryInteger } from './api-schemas.ts';
import { documentData, documentSchema } from './document-wire.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';

const DEFAULT_LIMIT = 100;

/** `GET /documents`: what can be asked about. */
export function listDocumentsRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/documents',
    operationId: 'listDocuments',
    summary: 'Lists documents, ascending by id',
    tag: 'documents',
    query: z.strictObject({
      after: pathId('Begins after the document with this id.').optional(),
      limit: queryInteger(1, 1000).optional().describe('At most so many; 100 where absent.'),
    }),
    responses: {
      200: {
        description: 'One page.',
        schema: z.object({
          documents: z.array(documentSchema),
          next_after: z.string().nullable().describe('The `after` of the next page; null on the last.'),
        }),
      },
    },
    problems: ['STORE_FAILED'],
    async handle({ query: { after, limit = DEFAULT_LIMIT } }) {
      const found = await citestream.store.listDocuments({
        limit: limit + 1,
        ...(after !== undefined && { after }),
      });
      const page = found.slice(0, limit);
      return {
        documents: page.map(documentData),
        next_after: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  });
}
