import type { ReadDocument } from '../documents/document-pool.ts';
import type { Embedder } from '../embeddings/embedder.ts';
import { CitestreamError } from '../errors.ts';
import type { DocumentChunks, VectorStore } from '../stores/vector-store.ts';

const MAX_BATCH_DOCUMENTS = 512;
const MAX_BATCH_CHARACTERS = 4_000_000;

/** Where documents go, and who is told when they are there. */
export interface DocumentWriterOptions {
  readonly store: VectorStore;
  readonly embedder?: Embedder;
  readonly signal?: AbortSignal;
  /** Called when a batch is stored; only then are its documents safe. */
  readonly onStored: (documents: readonly DocumentChunks[]) => void;
}

/**
 * Gathers documents into batches and embeds and stores one batch while the next one gathers. `add` waits while both
 * are full, so that memory stays bounded however fast documents are read.
 */
export class DocumentWriter {
  readonly #options: DocumentWriterOptions;
  #batch: ReadDocument[] = [];
  #characters = 0;
  #writing: Promise<void> = Promise.resolve();
  #embedMs = 0;
  #storeMs = 0;

  constructor(options: DocumentWriterOptions) {
    this.#options = options;
  }

  /** Milliseconds spent embedding and storing so far. */
  get stages(): { readonly embedMs: number; readonly storeMs: number } {
    return { embedMs: this.#embedMs, storeMs: this.#storeMs };
  }

  async add(document: ReadDocument): Promise<void> {
    this.#batch.push(document);
    for (const { text } of document.chunks) this.#characters += text.length;
    if (this.#batch.length >= MAX_BATCH_DOCUMENTS || this.#characters >= MAX_BATCH_CHARACTERS)
      await this.#hand();
  }

  /** Stores what is gathered and waits for all of it. */
  async flush(): Promise<void> {
    if (this.#batch.length > 0) await this.#hand();
    await this.#writing;
  }

  /** Waits until nothing is being written any more, however it ended; after this the store may be closed. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => {});
  }

  /** Hands the batch over as soon as the one before it is stored. */
  async #hand(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#characters = 0;
    const before = this.#writing;
    const write = before.then(async () => this.#write(batch));
    this.#writing = write;
    // A failure belongs to whoever waits for it next; until then it is not unhandled.
    write.catch(() => {});
    await before;
  }

  async #write(batch: readonly ReadDocument[]): Promise<void> {
    const { store, signal, onStored } = this.#options;
    signal?.throwIfAborted();
    const started = performance.now();
    const documents = await this.#embed(batch);
    const embedded = performance.now();
    await store.replaceDocuments(documents, signal === undefined ? {} : { signal });
    this.#embedMs += embedded - started;
    this.#storeMs += performance.now() - embedded;
    onStored(documents);
  }

  async #embed(batch: readonly ReadDocument[]): Promise<readonly DocumentChunks[]> {
    const { embedder, signal } = this.#options;
    if (embedder === undefined) return batch;
    const texts = batch.flatMap(({ chunks }) => chunks.map((chunk) => chunk.text));
    const vectors: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += embedder.maxBatchSize) {
      const part = texts.slice(start, start + embedder.maxBatchSize);
      const embedded = await embedder.embedDocuments(part, signal === undefined ? {} : { signal });
      if (embedded.length !== part.length || embedded.some(({ length }) => length !== embedder.dimension)) {
        throw new CitestreamError(
          'EMBEDDER_FAILED',
          `${embedder.name} answered ${part.length} texts with ${embedded.length} vectors of dimension ` +
            `${embedded[0]?.length}; expected one each, of dimension ${embedder.dimension}. Nothing of them was stored.`,
        );
      }
      vectors.push(...embedded);
    }
    let next = 0;
    return batch.map(({ document, chunks }) => ({
      document,
      chunks,
      vectors: vectors.slice(next, (next += chunks.length)),
    }));
  }
}
