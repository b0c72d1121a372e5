import { z } from 'zod';

import { CitestreamError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { jobData, jobSchema } from './ingest-wire.ts';
import type { ServerContext } from './server-context.ts';

/** `GET /documents/jobs/:job_id`: how an ingest stands. */
export function getJobRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/documents/jobs/:job_id',
    operationId: 'getIngestJob',
    summary: 'Tells how an ingest stands',
    tag: 'documents',
    params: z.object({ job_id: pathId('The id of an ingest job.') }),
    responses: { 200: { description: 'The job.', schema: jobSchema } },
    problems: ['NOT_FOUND'],
    async handle({ params }) {
      const job = citestream.jobs.get(params.job_id);
      if (job === undefined) {
        throw new CitestreamError('NOT_FOUND', `There is no ingest job "${params.job_id}".`);
      }
      return jobData(job);
    },
  });
}
