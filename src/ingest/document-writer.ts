import type { ReadDocument } from '../documents/document-pool.ts';
import type { BatchedEmbedder } from '../embeddings/batched-embedder.ts';
import type { DocumentChunks, VectorStore } from '../stores/vector-store.ts';

const MAX_BATCH_DOCUMENTS = 512;
const MAX_BATCH_CHARACTERS = 4_000_000;
/** Embedding takes far longer than storing: what it has cost is stored sooner, and an ingest cut off loses less. */
const MAX_EMBEDDED_CHARACTERS = 500_000;

/** Where documents go, and who is told when they are there. */
export interface DocumentWriterOptions {
  readonly store: VectorStore;
  readonly embedder?: BatchedEmbedder;
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
    const maxCharacters =
      this.#options.embedder === undefined ? MAX_BATCH_CHARACTERS : MAX_EMBEDDED_CHARACTERS;
    if (this.#batch.length >= MAX_BATCH_DOCUMENTS || this.#characters >= maxCharacters) await this.#hand();
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
    const vectors = await embedder.embedDocuments(texts, signal === undefined ? {} : { signal });
    let next = 0;
    return batch.map(({ document, chunks }) => ({
      document,
      chunks,
      vectors: vectors.slice(next, (next += chunks.length)),
    }));
  }
}
