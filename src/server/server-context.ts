import type { Logger } from 'pino';

import type { Citestream } from '../citestream.ts';
import { CitestreamError } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { LoopShare } from './loop-share.ts';
import type { ResolvedServerOptions } from './server-options.ts';
import type { WorkInProgress } from './work-in-progress.ts';

/** The parts of a citestream that the API is about. */
export type ServedParts = Pick<Citestream, 'configuration' | 'store' | 'chat' | 'history' | 'jobs'>;

/** What every route is made from. */
export interface ServerContext {
  readonly citestream: ServedParts;
  readonly options: ResolvedServerOptions;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly loop: LoopShare;
  /** Turns that are being answered. */
  readonly turns: WorkInProgress;
  /** Readers of a job's progress: nothing is lost when they are cut off. */
  readonly watchers: WorkInProgress;
  /** Aborted when the server begins to close. */
  readonly closing: AbortSignal;
}

/** Refuses new work once the server is closing. */
export function refuseWhileClosing({ closing }: ServerContext): void {
  if (closing.aborted) {
    throw new CitestreamError('SHUTTING_DOWN', 'The server is shutting down and takes nothing new.');
  }
}
