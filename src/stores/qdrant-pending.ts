import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import type { QdrantCollection } from './qdrant-collection.ts';
import type { Call } from './qdrant-connection.ts';
import { type Payload, type Point, pointId, versionOf } from './qdrant-points.ts';
import { scrollAll } from './qdrant-reader.ts';

/** A write under way, as it is noted in the collection before it begins. */
export interface PendingWrite {
  readonly pointId: string;
  readonly version: string;
  readonly documentIds: readonly string[];
  /** False where its writer ended without finishing it. */
  readonly isAlive: boolean;
}

/** One group of documents takes minutes at most; a note this old was left behind on another machine. */
const MAX_AGE_MS = 3_600_000;

/** The writes of this thread that are under way; a note of ours that is not among them was left behind. */
const own = new Set<string>();

/** Announces a write, so that whoever comes after a crash knows what to tidy up; dispose it when the write ends. */
export function announce(version: string): Disposable {
  own.add(version);
  return { [Symbol.dispose]: () => void own.delete(version) };
}

export const pendingPointId = (version: string): string => pointId('pending', version);

/** The note of a write. */
export function pendingPoint(version: string, documentIds: readonly string[]): Point {
  return {
    id: pendingPointId(version),
    vector: {},
    payload: {
      kind: 'pending',
      version,
      documents: [...documentIds],
      host: hostname(),
      pid: process.pid,
      thread: threadId,
      started_ms: Date.now(),
    },
  };
}

/** All writes that are noted. */
export async function readPending(
  collection: QdrantCollection,
  call: Call,
): Promise<readonly PendingWrite[]> {
  const filter = { must: [{ key: 'kind', match: { value: 'pending' } }] };
  const payloads = await scrollAll(collection, filter, { call, fields: true });
  return payloads.map((payload) => ({
    pointId: pendingPointId(versionOf(payload)),
    version: versionOf(payload),
    documentIds: payload['documents'] as readonly string[],
    isAlive: isAlive(payload),
  }));
}

function isAlive(payload: Payload): boolean {
  const startedMs = payload['started_ms'] as number;
  const pid = payload['pid'] as number;
  if (Date.now() - startedMs > MAX_AGE_MS) return false;
  if (payload['host'] !== hostname()) return true;
  if (pid !== process.pid) return isRunning(pid);
  // The number of a process comes again, in a container nearly always.
  if (startedMs < Date.now() - process.uptime() * 1000) return false;
  return payload['thread'] !== threadId || own.has(versionOf(payload));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
