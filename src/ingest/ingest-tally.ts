import type { DocumentStatus, IngestEvent, IngestFailure, IngestSummary } from './ingest-event.ts';

const PROGRESS_INTERVAL_MS = 100;

/** What an ingest set out to do, and who hears of it. */
export interface IngestTallyOptions {
  readonly files: number;
  readonly bytes: number;
  readonly onEvent: (event: IngestEvent) => void;
}

/** Counts what an ingest did and tells it while it goes on: what happens at once, progress ten times a second. */
export class IngestTally {
  readonly #options: IngestTallyOptions;
  readonly #started = performance.now();
  readonly #counts = { added: 0, updated: 0, unchanged: 0, removed: 0, files: 0, bytes: 0, chunks: 0 };
  readonly #failed: IngestFailure[] = [];
  #readMs = 0;
  #toldAt = 0;

  constructor(options: IngestTallyOptions) {
    this.#options = options;
    options.onEvent({ type: 'started', files: options.files, bytes: options.bytes });
  }

  /** Takes the time that one reading of a file took. */
  async timeReading<Result>(read: () => Promise<Result>): Promise<Result> {
    const started = performance.now();
    try {
      return await read();
    } finally {
      this.#readMs += performance.now() - started;
    }
  }

  tookBytes(bytes: number): void {
    this.#counts.bytes += bytes;
    this.#progressSoon();
  }

  tookFile(): void {
    this.#counts.files += 1;
    this.#progressSoon();
  }

  unchanged(documents: number): void {
    this.#counts.unchanged += documents;
  }

  stored(uri: string, status: Extract<DocumentStatus, 'added' | 'updated'>, chunks: number): void {
    this.#counts[status] += 1;
    this.#counts.chunks += chunks;
    this.#options.onEvent({ type: 'document', uri, status });
    this.#progressSoon();
  }

  failed(uri: string, reason: string): void {
    this.#failed.push({ uri, reason });
    this.#options.onEvent({ type: 'document', uri, status: 'failed', reason });
  }

  removed(documents: number): void {
    this.#counts.removed += documents;
  }

  /** Tells where the ingest stands, now. */
  progress(): void {
    this.#toldAt = performance.now();
    const { files: filesTotal, bytes: bytesTotal, onEvent } = this.#options;
    const { files, bytes, chunks } = this.#counts;
    onEvent({ type: 'progress', files, filesTotal, bytes, bytesTotal, chunks });
  }

  /** What it all came to. */
  summary(rest: {
    readonly skipped: number;
    readonly stages: Omit<IngestSummary['stages'], 'readMs'>;
  }): IngestSummary {
    return {
      ...this.#counts,
      failed: this.#failed,
      skipped: rest.skipped,
      elapsedMs: toTenth(performance.now() - this.#started),
      stages: {
        readMs: toTenth(this.#readMs),
        embedMs: toTenth(rest.stages.embedMs),
        storeMs: toTenth(rest.stages.storeMs),
      },
    };
  }

  #progressSoon(): void {
    if (performance.now() - this.#toldAt >= PROGRESS_INTERVAL_MS) this.progress();
  }
}

const toTenth = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
