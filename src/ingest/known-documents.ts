import type { DocumentRecord } from '../documents/document.ts';
import type { VectorStore } from '../stores/vector-store.ts';

const PAGE = 1000;

/** The media type of a document that is one line of its file. */
const JSON_LINES = 'application/x-ndjson';

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
      for (const document of page) {
        const { id } = document;
        known.#hashes.set(id, document.contentHash);
        const file = fileOf(document);
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

/** `/a/corpus.jsonl#184` came from `/a/corpus.jsonl`; ids, and the paths of other files, may hold any `#`. */
function fileOf({ source, mediaType }: Pick<DocumentRecord, 'source' | 'mediaType'>): string {
  if (mediaType !== JSON_LINES) return source;
  return /^(.*?\.(?:jsonl|ndjson))#/is.exec(source)?.[1] ?? source;
}
