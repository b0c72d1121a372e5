import { z } from 'zod';

import { CitestreamError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { documentData, documentSchema } from './document-wire.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';

/** `GET /documents/:document_id`: one document's facts. */
export function getDocumentRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/documents/:document_id',
    operationId: 'getDocument',
    summary: 'Gives the facts about one document',
    tag: 'documents',
    params: z.object({ document_id: pathId('The id of a document.') }),
    responses: { 200: { description: 'The document.', schema: documentSchema } },
    problems: ['NOT_FOUND', 'STORE_FAILED'],
    async handle({ params }) {
      const document = await citestream.store.getDocument(params.document_id);
      if (document === undefined) {
        throw new CitestreamError('NOT_FOUND', `There is no document "${params.document_id}".`);
      }
      return documentData(document);
    },
  });
}
