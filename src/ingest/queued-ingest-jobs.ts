import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';

import { CitestreamError, toCitestreamError } from '../errors.ts';
import type { IngestEvent, IngestSummary } from './ingest-event.ts';
import type { IngestJob, IngestJobs } from './ingest-jobs.ts';

/** How a job's work is done: `runIngest` in a thread of its own, in the product. */
export type RunIngest = (task: {
  readonly paths: readonly string[];
  readonly onEvent: (event: IngestEvent) => void;
  readonly signal: AbortSignal;
}) => Promise<IngestSummary>;

/** The queue's limits. */
export interface QueuedIngestJobsOptions {
  readonly run: RunIngest;
  /** How many jobs may wait behind the one that runs. @default 100 */
  readonly maxQueue?: number;
  /** How many ended jobs can still be asked about. @default 100 */
  readonly maxEnded?: number;
  /** How many events of a job are kept; the oldest go first. @default 10_000 */
  readonly maxEvents?: number;
}

interface Job {
  view: IngestJob;
  readonly paths: readonly string[];
  readonly events: IngestEvent[];
  /** The number of the first kept event. */
  firstId: number;
  readonly changed: EventEmitter;
}

/** Runs one ingest at a time, in the order they came, and keeps what each told for readers that come late. */
export class QueuedIngestJobs implements IngestJobs {
  readonly #run: RunIngest;
  readonly #limits: { readonly maxQueue: number; readonly maxEnded: number; readonly maxEvents: number };
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: Job[] = [];
  readonly #closing = new AbortController();
  #worker: Promise<void> | undefined;

  constructor({ run, maxQueue = 100, maxEnded = 100, maxEvents = 10_000 }: QueuedIngestJobsOptions) {
    this.#run = run;
    this.#limits = { maxQueue, maxEnded, maxEvents };
  }

  start(paths: readonly string[]): IngestJob {
    if (this.#closing.signal.aborted)
      throw new CitestreamError('SHUTTING_DOWN', 'The server is shutting down.');
    if (this.#waiting.length >= this.#limits.maxQueue) {
      throw new CitestreamError(
        'OVERLOADED',
        `${this.#waiting.length} ingest jobs are waiting already; try again later.`,
      );
    }
    const id = `job_${randomUUID()}`;
    const changed = new EventEmitter().setMaxListeners(0);
    const view: IngestJob = { id, status: 'running', startedAt: new Date().toISOString() };
    const job: Job = { view, paths, events: [], firstId: 1, changed };
    this.#jobs.set(id, job);
    this.#waiting.push(job);
    this.#worker ??= this.#work();
    return job.view;
  }

  get(jobId: string): IngestJob | undefined {
    return this.#jobs.get(jobId)?.view;
  }

  async *events(
    jobId: string,
    { after = 0, signal }: { readonly after?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<{ readonly id: number; readonly event: IngestEvent }> {
    const job = this.#jobs.get(jobId);
    if (job === undefined) throw new CitestreamError('NOT_FOUND', `There is no ingest job "${jobId}".`);
    for (let next = after + 1; ;) {
      signal?.throwIfAborted();
      next = Math.max(next, job.firstId);
      const event = job.events[next - job.firstId];
      if (event !== undefined) {
        yield { id: next, event };
        if (event.type === 'done' || event.type === 'error') return;
        next += 1;
      } else if (job.view.status === 'running') {
        await once(job.changed, 'changed', signal === undefined ? {} : { signal });
      } else {
        return;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(
      new CitestreamError('SHUTTING_DOWN', 'The server is shutting down; ingest again to go on.'),
    );
    await this.#worker;
  }

  async #work(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift())
      await this.#take(job);
    this.#worker = undefined;
  }

  async #take(job: Job): Promise<void> {
    const { signal } = this.#closing;
    try {
      signal.throwIfAborted();
      const summary = await this.#run({
        paths: job.paths,
        signal,
        onEvent: (event) => this.#tell(job, event),
      });
      this.#end(job, { status: 'done', summary }, { type: 'done', summary });
    } catch (thrown) {
      const { code, message } = toCitestreamError(thrown);
      const error = { code, message };
      this.#end(job, { status: signal.aborted ? 'cancelled' : 'failed', error }, { type: 'error', ...error });
    }
  }

  #end(job: Job, outcome: Pick<IngestJob, 'status' | 'summary' | 'error'>, last: IngestEvent): void {
    job.view = { ...job.view, ...outcome };
    this.#tell(job, last);
    const ended = [...this.#jobs.values()].filter(({ view }) => view.status !== 'running');
    for (const { view } of ended.slice(0, -this.#limits.maxEnded)) this.#jobs.delete(view.id);
  }

  #tell(job: Job, event: IngestEvent): void {
    job.events.push(event);
    if (job.events.length > this.#limits.maxEvents) {
      // A tenth at a time, so that shifting the array costs little for each event.
      const dropped = Math.ceil(this.#limits.maxEvents / 10);
      job.events.splice(0, dropped);
      job.firstId += dropped;
    }
    job.changed.emit('changed');
  }
}
