import { z } from 'zod';

import { CitestreamError, InvalidInputError } from '../errors.ts';
import { pathId } from './api-schemas.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { EventStream } from './event-stream.ts';
import { ingestEventData, ingestEventSchemas } from './ingest-wire.ts';
import { refuseWhileClosing, type ServerContext } from './server-context.ts';
import { encodeServerSentEvent } from './server-sent-events.ts';

/** `GET /documents/jobs/:job_id/events`: an ingest's progress, from its beginning or where the reader stopped. */
export function jobEventsRoute(context: ServerContext): Endpoint {
  const { citestream, options, metrics } = context;
  return defineEndpoint({
    method: 'GET',
    path: '/documents/jobs/:job_id/events',
    operationId: 'streamIngestJob',
    summary: 'Streams the progress of an ingest',
    tag: 'documents',
    params: z.object({ job_id: pathId('The id of an ingest job.') }),
    requestHeaders: { 'Last-Event-ID': 'The number of the last event the reader has.' },
    streams: true,
    responses: {
      200: {
        description: 'The events of the job, numbered from 1; the last one is done or error.',
        contentType: 'text/event-stream',
        events: ingestEventSchemas,
      },
    },
    problems: ['INVALID_INPUT', 'NOT_FOUND'],
    async handle({ params: { job_id: jobId }, request, reply }) {
      refuseWhileClosing(context);
      const after = lastEventId(request.headers['last-event-id']);
      if (citestream.jobs.get(jobId) === undefined) {
        throw new CitestreamError('NOT_FOUND', `There is no ingest job "${jobId}".`);
      }
      using watching = context.watchers.begin();
      const { controller } = watching;
      reply.raw.once('close', () => controller.abort());
      const closed = metrics.streamOpened();
      const stream = new EventStream(reply, options.limits);
      try {
        for await (const { id, event } of citestream.jobs.events(jobId, {
          after,
          signal: controller.signal,
        })) {
          const frame = encodeServerSentEvent({ id, event: event.type, data: ingestEventData(event) });
          const full = stream.send(frame);
          if (full !== undefined) await full;
        }
      } catch (thrown) {
        // The end of the server or of the reader; a reader that is still there comes back for the rest.
        if (!controller.signal.aborted) {
          context.logger.error({ request_id: request.id, err: thrown }, 'job events failed');
        }
      } finally {
        await stream.end();
        closed();
      }
    },
  });
}

function lastEventId(header: string | readonly string[] | undefined): number {
  if (header === undefined || header === '') return 0;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new InvalidInputError(
    `Last-Event-ID must be the number of an event, received "${String(header).slice(0, 60)}".`,
    {
      field: 'Last-Event-ID',
    },
  );
}
