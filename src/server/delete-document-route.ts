import { rm } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

import { z } from 'zod';

import { CitestreamError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';

/** `DELETE /documents/:document_id`: removes a document, and its file where it was uploaded. */
export function deleteDocumentRoute({ citestream: { store }, options }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'DELETE',
    path: '/documents/:document_id',
    operationId: 'deleteDocument',
    summary: 'Removes a document and all its passages',
    tag: 'documents',
    params: z.object({ document_id: pathId('The id of a document.') }),
    responses: {
      204: { description: 'It is removed. A file that was ingested from a folder stays where it is.' },
    },
    problems: ['NOT_FOUND', 'STORE_FAILED', 'DATA_FOLDER_BUSY'],
    async handle({ params: { document_id: documentId }, reply }) {
      const document = await store.getDocument(documentId);
      if (document === undefined || (await store.deleteDocuments([documentId])) === 0) {
        throw new CitestreamError('NOT_FOUND', `There is no document "${documentId}".`);
      }
      // The source of a line of a JSON Lines file is no path, so the file with the other lines is left alone.
      if (resolve(document.source).startsWith(options.uploadsDir + sep)) {
        await rm(document.source, { force: true });
      }
      return reply.status(204).send();
    },
  });
}
