import { z } from 'zod';

import { CitestreamError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { chunkData, chunkSchema } from './document-wire.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';

/** `GET /chunks/:chunk_id`: the whole passage a citation leads to. */
export function getChunkRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/chunks/:chunk_id',
    operationId: 'getChunk',
    summary: 'Gives the whole passage that a citation leads to',
    tag: 'documents',
    params: z.object({ chunk_id: pathId('The chunk_id of a source or citation.') }),
    responses: { 200: { description: 'The passage.', schema: chunkSchema } },
    problems: ['NOT_FOUND', 'STORE_FAILED'],
    async handle({ params }) {
      const chunk = await citestream.store.getChunk(params.chunk_id);
      if (chunk === undefined) {
        throw new CitestreamError('NOT_FOUND', `There is no chunk "${params.chunk_id}".`);
      }
      return chunkData(chunk);
    },
  });
}
