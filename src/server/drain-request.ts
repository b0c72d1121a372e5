import type { IncomingMessage } from 'node:http';

const MAX_BYTES = 64_000_000;
const MAX_MS = 10_000;

/**
 * Reads and drops what a refused client still sends: it looks for the answer when it has sent everything, and closing
 * on it would make the answer a connection error. Bounded, since a client may send for ever.
 */
export async function drainRequest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, MAX_MS);
  let bytes = 0;
  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) resolve();
  };
  request.unpipe();
  request.on('data', take).once('end', resolve).once('close', resolve).resume();
  await promise;
  clearTimeout(timer);
  request.off('data', take);
}
