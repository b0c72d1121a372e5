import { z } from 'zod';

import type { IngestEvent, IngestSummary } from '../ingest/ingest-event.ts';
import type { IngestJob } from '../ingest/ingest-jobs.ts';
import { apiSchemas, count, timestamp } from './api-schemas.ts';
import { publicMessage } from './problem.ts';

const failureSchema = z.object({ code: z.string(), message: z.string() });

const summarySchema = z
  .object({
    added: count(),
    updated: count(),
    unchanged: count(),
    removed: count(),
    failed: z.array(z.object({ uri: z.string(), reason: z.string() })),
    files: count(),
    skipped: count(),
    chunks: count(),
    bytes: count(),
    elapsed_ms: z.number(),
    stages: z.object({ read_ms: z.number(), embed_ms: z.number(), store_ms: z.number() }),
  })
  .register(apiSchemas, { id: 'IngestSummary' });

/** An ingest that was started over HTTP. */
export const jobSchema = z
  .object({
    job_id: z.string(),
    status: z.enum(['running', 'done', 'failed', 'cancelled']),
    started_at: timestamp(),
    summary: summarySchema.optional(),
    error: failureSchema.optional(),
  })
  .register(apiSchemas, { id: 'IngestJob' });

/** The data of each event of a job's stream, by the event's name. */
export const ingestEventSchemas = {
  waiting: z.object({ holder: z.string() }),
  loading: z.object({ file: z.string(), bytes: count(), bytes_total: count() }),
  started: z.object({ files: count(), bytes: count() }),
  document: z.object({
    uri: z.string(),
    status: z.enum(['added', 'updated', 'unchanged', 'removed', 'failed']),
    reason: z.string().optional(),
  }),
  progress: z.object({
    files: count(),
    files_total: count(),
    bytes: count(),
    bytes_total: count(),
    chunks: count(),
  }),
  done: z.object({ summary: summarySchema }),
  error: failureSchema.extend({}),
} as const satisfies Record<IngestEvent['type'], z.ZodType>;

for (const [name, schema] of Object.entries(ingestEventSchemas)) {
  apiSchemas.add(schema, { id: `IngestEvent_${name}` });
}

/** A job as it goes over the wire. */
export function jobData({ id, status, startedAt, summary, error }: IngestJob): z.output<typeof jobSchema> {
  return {
    job_id: id,
    status,
    started_at: startedAt,
    ...(summary !== undefined && { summary: summaryData(summary) }),
    ...(error !== undefined && { error: { code: error.code, message: publicMessage(error) } }),
  };
}

/** The data of one event as it goes over the wire; the event's name is its type. */
export function ingestEventData(event: IngestEvent): object {
  switch (event.type) {
    case 'waiting':
      return { holder: event.holder };
    case 'loading':
      return { file: event.file, bytes: event.bytes, bytes_total: event.bytesTotal };
    case 'started':
      return { files: event.files, bytes: event.bytes };
    case 'document':
      return {
        uri: event.uri,
        status: event.status,
        ...(event.reason !== undefined && { reason: event.reason }),
      };
    case 'progress':
      return {
        files: event.files,
        files_total: event.filesTotal,
        bytes: event.bytes,
        bytes_total: event.bytesTotal,
        chunks: event.chunks,
      };
    case 'done':
      return { summary: summaryData(event.summary) };
    case 'error':
      return { code: event.code, message: publicMessage(event) };
    default:
      return event satisfies never;
  }
}

function summaryData(summary: IngestSummary): z.output<typeof summarySchema> {
  const { added, updated, unchanged, removed, failed, files, skipped, chunks, bytes, elapsedMs, stages } =
    summary;
  return {
    added,
    updated,
    unchanged,
    removed,
    failed: failed.map(({ uri, reason }) => ({ uri, reason })),
    files,
    skipped,
    chunks,
    bytes,
    elapsed_ms: elapsedMs,
    stages: { read_ms: stages.readMs, embed_ms: stages.embedMs, store_ms: stages.storeMs },
  };
}
