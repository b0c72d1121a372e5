import type { Piscina } from 'piscina';

import { unreadable } from './parsed-text.ts';

/** Which worker a lane has, and what a task of it may take. */
export interface WorkerLaneOptions {
  /** The module whose exported functions are the tasks. */
  readonly worker: URL;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Of the JavaScript heap, and as much again of buffers outside it. */
  readonly maxHeapMb: number;
}

/** An idle thread ends after this, so that its memory is given back. */
const IDLE_TIMEOUT_MS = 10_000;
/** A quarter of V8's own, which a thread fills with garbage before it collects any: no slower, and much less memory. */
const YOUNG_GENERATION_MB = 12;
/** V8 limits a worker's heap and not its buffers: those are looked at this often. */
const WATCH_INTERVAL_MS = 100;

/**
 * One worker thread, one task at a time. A task that takes too long or too much memory, or whose thread crashes, ends
 * the thread and rejects with UNREADABLE_DOCUMENT; the next task gets a new thread.
 */
export class WorkerLane implements AsyncDisposable {
  readonly #options: WorkerLaneOptions;
  #pool: Promise<Piscina> | undefined;

  constructor(options: WorkerLaneOptions) {
    this.#options = options;
  }

  /** Runs an exported function of the worker; aborting `signal` ends the thread at once. */
  async run<Result>(
    name: string,
    task: unknown,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Result> {
    const { timeoutMs, maxHeapMb } = this.#options;
    const pool = await (this.#pool ??= this.#start());
    const exceeded = new AbortController();
    const timer = setTimeout(() => {
      exceeded.abort(unreadable(`Reading the file took longer than ${timeoutMs / 1000} s.`));
    }, timeoutMs);
    const tooMuchMemory = () => unreadable(`Reading the file needed more than ${maxHeapMb} MB of memory.`);
    const checkBuffers = async () => {
      if ((await bufferBytes(pool)) > maxHeapMb * 1024 ** 2) exceeded.abort(tooMuchMemory());
    };
    const watch = setInterval(() => void checkBuffers(), WATCH_INTERVAL_MS);
    const signals = [exceeded.signal, ...(options.signal === undefined ? [] : [options.signal])];
    try {
      return (await pool.run(task, { name, signal: AbortSignal.any(signals) })) as Result;
    } catch (error) {
      options.signal?.throwIfAborted();
      exceeded.signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') throw tooMuchMemory();
      throw unreadable(`Reading the file ended its thread: ${(error as Error).message}.`, error);
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#pool)?.destroy();
  }

  async #start(): Promise<Piscina> {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({
      filename: this.#options.worker.href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_TIMEOUT_MS,
      resourceLimits: {
        maxOldGenerationSizeMb: this.#options.maxHeapMb,
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
    });
    // A thread that crashes between two tasks is replaced at the next one; there is nobody to tell.
    pool.on('error', () => {});
    return pool;
  }
}

/** Memory of the thread's buffers; 0 where the thread has just ended, or Node (before 22.16) cannot tell. */
async function bufferBytes(pool: Piscina): Promise<number> {
  const [thread] = pool.threads;
  try {
    const statistics = await thread?.getHeapStatistics?.();
    return statistics?.external_memory ?? 0;
  } catch {
    return 0;
  }
}
