import { parentPort, workerData } from 'node:worker_threads';

import { toCitestreamError } from './errors.ts';
import type { IngestThreadData, IngestThreadMessage } from './ingest-thread.ts';
import { runIngest } from './run-ingest.ts';

/** The thread behind `runIngestInThread`. */
const controller = new AbortController();
const { paths, configuration } = workerData as IngestThreadData;
const tell = (message: IngestThreadMessage): void => parentPort?.postMessage(message);

parentPort?.once('message', () => controller.abort(new Error('The ingest was cancelled.')));
parentPort?.unref();
try {
  const summary = await runIngest({
    paths,
    configuration,
    signal: controller.signal,
    onEvent: (event) => {
      // The job adds its own end, when the thread's work is over and its result is known.
      if (event.type !== 'done') tell({ type: 'event', event });
    },
  });
  tell({ type: 'summary', summary });
} catch (thrown) {
  const { code, message } = toCitestreamError(thrown);
  tell({ type: 'failure', code, message });
}
