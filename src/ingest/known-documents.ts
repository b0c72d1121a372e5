import type { VectorStore } from '../stores/vector-store.ts';

const PAGE = 1000;

/** What a store held when an ingest began, so that the ingest can tell new from changed and find what is gone. */
export class KnownDocuments {
  readonly #hashes = new Map<string, string>();
  readonly #byFile = new Map<string, string[]>();

  /** Reads the store's list of documents, page by page; about 200 bytes are kept for each. */
  static async of(store: VectorStore, signal?: AbortSignal): Promise<KnownDocuments> {
    const known = new KnownDocuments();
    let after: string | undefined;
    for (;;) {
      const page = await store.listDocuments({
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
        ...(signal === undefined ? {} : { signal }),
      });
      for (const { id, contentHash, source } of page) {
        known.#hashes.set(id, contentHash);
        const file = fileOf(source);
        const ids = known.#byFile.get(file);
        if (ids === undefined) known.#byFile.set(file, [id]);
        else ids.push(id);
      }
      after = page.at(-1)?.id;
      if (after === undefined || page.length < PAGE) return known;
    }
  }

  /** Whether anything came from this file. */
  hasFile(path: string): boolean {
    return this.#byFile.has(path);
  }

  has(documentId: string): boolean {
    return this.#hashes.has(documentId);
  }

  isUnchanged(document: { readonly id: string; readonly contentHash: string }): boolean {
    return this.#hashes.get(document.id) === document.contentHash;
  }

  /** The ids of all that came from this file. */
  idsOfFile(path: string): readonly string[] {
    return this.#byFile.get(path) ?? [];
  }

  /** The files below a folder that something came from. */
  *filesBelow(folder: string, separator: string): Generator<string> {
    const prefix = folder.endsWith(separator) ? folder : folder + separator;
    for (const file of this.#byFile.keys()) if (file.startsWith(prefix)) yield file;
  }
}

/** `/a/corpus.jsonl#184` came from `/a/corpus.jsonl`; a `#` before the last dot belongs to the path. */
function fileOf(source: string): string {
  const line = /^(.*\.(?:jsonl|ndjson))#/is.exec(source);
  return line?.[1] ?? source;
}
