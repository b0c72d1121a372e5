import type { Schemas } from '@qdrant/js-client-rest';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { QdrantCollection } from './qdrant-collection.ts';
import type { Call } from './qdrant-connection.ts';
import { announce, pendingPoint, pendingPointId, type PendingWrite, readPending } from './qdrant-pending.ts';
import {
  chunkPoint,
  type DocumentFacts,
  documentPoint,
  documentPointId,
  type Point,
} from './qdrant-points.ts';
import { readVersions } from './qdrant-reader.ts';
import type { DocumentChunks, StoreOptions } from './vector-store.ts';
import { newVersion } from './version-name.ts';

type Operation = Schemas['UpdateOperation'];

/** How much is sent at once. */
export interface WriterLimits {
  readonly batchSize: number;
  readonly parallel: number;
}

/** A document with what its chunks share, ready to be written. */
export interface PreparedDocument {
  readonly entry: DocumentChunks;
  readonly facts: DocumentFacts;
}

/**
 * Writes to a collection, one group of documents after the other. Qdrant has no transactions, so:
 *
 * 1. a note says which version of which documents is being written;
 * 2. the chunks are written under that version, where no reader looks yet;
 * 3. each document's own point is written: this one write switches its readers from the old version to the new;
 * 4. all other versions of the documents are deleted, those of other living writers excepted;
 * 5. the note is deleted.
 *
 * An end in between leaves the old version or the new one readable, and a note by which the next write tidies up.
 */
export class QdrantWriter {
  readonly #collection: QdrantCollection;
  readonly #limits: WriterLimits;
  #lastWrite: Promise<unknown> = Promise.resolve();
  /** At first, and after every failure, something may have been left behind. */
  #mayBeUntidy = true;

  constructor(collection: QdrantCollection, limits: WriterLimits) {
    this.#collection = collection;
    this.#limits = limits;
  }

  /** Switches each document of the group to its new version. */
  async replace(group: readonly PreparedDocument[], { signal }: StoreOptions): Promise<void> {
    const ids = group.map(({ entry }) => entry.document.id);
    const call: Call = { what: 'Storing documents', signal, isWrite: true };
    await this.#noted(ids, call, async (version) => {
      await this.#writeChunks(group, version, call);
      await this.#upsert(
        group.map(({ entry }) => documentPoint(entry, version)),
        call,
      );
    });
  }

  /** Deletes documents with all their chunks, and says how many there were. */
  async delete(documentIds: readonly string[], { signal }: StoreOptions): Promise<number> {
    const call: Call = { what: 'Deleting documents', signal, isWrite: true };
    return this.#noted(documentIds, call, async () => {
      const stored = await readVersions(this.#collection, documentIds, call);
      if (stored.size > 0)
        await this.#update([{ delete: { points: [...stored.keys()].map(documentPointId) } }], call);
      return stored.size;
    });
  }

  /** Deletes what writers that ended too early left behind. */
  async tidy({ signal }: StoreOptions): Promise<void> {
    await this.#inTurn(async () => this.#tidy({ what: 'Tidying up the store', signal, isWrite: true }));
  }

  /** Waits for the write under way. */
  async settle(): Promise<void> {
    await this.#lastWrite;
  }

  async #noted<T>(
    documentIds: readonly string[],
    call: Call,
    write: (version: string) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(async () => {
      call.signal?.throwIfAborted();
      if (this.#mayBeUntidy) await this.#tidy(call);
      this.#mayBeUntidy = true;
      const version = newVersion();
      using _announced = announce(version);
      await this.#upsert([pendingPoint(version, documentIds)], call);
      const result = await write(version);
      // What is switched has to be made one, so the caller who leaves now is not heeded.
      const ending: Call = { what: call.what, isWrite: true };
      const others = await this.#liveOthers(version, ending);
      await this.#update(
        [
          ...(await this.#supersededBy(documentIds, others, ending)),
          { delete: { points: [pendingPointId(version)] } },
        ],
        ending,
      );
      // Of two that wrote the same document each spared the other's version: the last one to look deletes the loser's.
      if (others.length > 0) {
        await this.#update(
          await this.#supersededBy(documentIds, await this.#liveOthers(version, ending), ending),
          ending,
        );
      }
      this.#mayBeUntidy = false;
      return result;
    });
  }

  async #tidy(call: Call): Promise<void> {
    const pending = await readPending(this.#collection, call);
    const live = pending.filter(({ isAlive }) => isAlive);
    for (const { documentIds, pointId } of pending.filter(({ isAlive }) => !isAlive)) {
      const superseded = await this.#supersededBy(documentIds, live, call);
      await this.#update([...superseded, { delete: { points: [pointId] } }], call);
    }
    this.#mayBeUntidy = false;
  }

  async #liveOthers(version: string, call: Call): Promise<readonly PendingWrite[]> {
    const pending = await readPending(this.#collection, call);
    return pending.filter((each) => each.isAlive && each.version !== version);
  }

  /** What deletes all chunks of these documents but those of the version to read, and of living writers. */
  async #supersededBy(
    documentIds: readonly string[],
    live: readonly PendingWrite[],
    call: Call,
  ): Promise<readonly Operation[]> {
    const current = await readVersions(this.#collection, documentIds, call);
    const byVersion = Map.groupBy(documentIds, (id) => current.get(id));
    return [...byVersion].map(([version, ids]): Operation => {
      const kept = [
        ...new Set([...(version === undefined ? [] : [version]), ...live.map((each) => each.version)]),
      ];
      return {
        delete: {
          filter: {
            must: [
              { key: 'document_id', match: { any: [...new Set(ids)] } },
              { key: 'kind', match: { value: 'chunk' } },
            ],
            must_not: kept.length === 0 ? [] : [{ key: 'version', match: { any: kept } }],
          },
        },
      };
    });
  }

  async #writeChunks(group: readonly PreparedDocument[], version: string, call: Call): Promise<void> {
    const { batchSize, parallel } = this.#limits;
    const points = chunkPoints(group, version);
    const lanes = Array.from({ length: parallel }, async () => {
      for (;;) {
        const batch = points.take(batchSize);
        if (batch.length === 0) return;
        await this.#upsert(batch, call);
        await nextTurn();
      }
    });
    const ends = await Promise.allSettled(lanes);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #upsert(points: readonly Point[], call: Call): Promise<void> {
    const { connection, name } = this.#collection;
    await connection.call(call, async (api, init) =>
      api.upsertPoints({ collection_name: name, wait: true, points: [...points] }, init),
    );
  }

  async #update(operations: readonly Operation[], call: Call): Promise<void> {
    if (operations.length === 0) return;
    const { connection, name } = this.#collection;
    await connection.call(call, async (api, init) =>
      api.batchUpdate({ collection_name: name, wait: true, operations: [...operations] }, init),
    );
  }

  /** What a write finds stays so until it ends. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const write = this.#lastWrite.then(work);
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }
}

/** A group's chunks, encoded when they are taken, so that a large group is not in memory twice. */
function chunkPoints(
  group: readonly PreparedDocument[],
  version: string,
): { readonly take: (count: number) => readonly Point[] } {
  const chunks = (function* points(): Generator<Point> {
    for (const { entry, facts } of group) {
      for (const chunk of entry.chunks) yield chunkPoint(entry, chunk, { version, facts });
    }
  })();
  return {
    take(count) {
      const taken: Point[] = [];
      while (taken.length < count) {
        const { done, value } = chunks.next();
        if (done === true) break;
        taken.push(value);
      }
      return taken;
    },
  };
}
