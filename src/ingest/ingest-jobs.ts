import type { IngestEvent, IngestSummary } from './ingest-event.ts';

/** An ingest started over HTTP, as it is shown. */
export interface IngestJob {
  readonly id: string;
  readonly status: 'running' | 'done' | 'failed' | 'cancelled';
  readonly startedAt: string;
  readonly summary?: IngestSummary;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Runs ingests beside the server, off its event loop; one at a time, the next ones wait in a bounded queue. */
export interface IngestJobs extends AsyncDisposable {
  /** Starts or queues an ingest of files and folders; throws OVERLOADED where too many wait. */
  start(paths: readonly string[]): IngestJob;
  get(jobId: string): IngestJob | undefined;
  /** The job's events numbered from 1, those that came before first; ends after the last. */
  events(
    jobId: string,
    options?: { readonly after?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<{ readonly id: number; readonly event: IngestEvent }>;
}
