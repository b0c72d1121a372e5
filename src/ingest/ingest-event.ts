/** What became of one document; `failed` keeps an older version of it, where there is one. */
export type DocumentStatus = 'added' | 'updated' | 'unchanged' | 'removed' | 'failed';

/** A file or document that could not be read, and why. */
export interface IngestFailure {
  readonly uri: string;
  readonly reason: string;
}

/** Counts of documents; a file is one document, a JSON Lines file as many as it has lines. */
export interface IngestSummary {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly removed: number;
  readonly failed: readonly IngestFailure[];
  readonly files: number;
  /** Files of other kinds, left out of the folders that were searched. */
  readonly skipped: number;
  /** Chunks stored by this ingest. */
  readonly chunks: number;
  /** Bytes of the files that were read. */
  readonly bytes: number;
  readonly elapsedMs: number;
  /** Milliseconds spent waiting for each stage; they overlap, so their sum exceeds `elapsedMs`. */
  readonly stages: { readonly readMs: number; readonly embedMs: number; readonly storeMs: number };
}

/** What an ingest tells while it goes on; `done` or `error` is the last. */
export type IngestEvent =
  | { readonly type: 'waiting'; readonly holder: string }
  /** A file of a local model on its way, before anything is read. */
  | {
      readonly type: 'loading';
      readonly file: string;
      readonly bytes: number;
      readonly bytesTotal: number;
    }
  | { readonly type: 'started'; readonly files: number; readonly bytes: number }
  | {
      readonly type: 'document';
      readonly uri: string;
      readonly status: DocumentStatus;
      readonly reason?: string;
    }
  | {
      readonly type: 'progress';
      readonly files: number;
      readonly filesTotal: number;
      readonly bytes: number;
      readonly bytesTotal: number;
      readonly chunks: number;
    }
  | { readonly type: 'done'; readonly summary: IngestSummary }
  | { readonly type: 'error'; readonly code: string; readonly message: string };
