import type { StoredChunk } from '../documents/document.ts';
import type { VectorStore } from '../stores/vector-store.ts';

const MAX_DOCUMENTS_READ = 20;
const MAX_CHARS = 100;

/** A question that the documents can answer: a heading that asks one, else one about the longest document. */
export async function suggestQuestion(
  store: Pick<VectorStore, 'listDocuments' | 'getDocumentChunks'>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const wait = signal === undefined ? {} : { signal };
  const documents = await store.listDocuments({ limit: MAX_DOCUMENTS_READ, ...wait });
  for (const { id } of documents) {
    const chunks = await store.getDocumentChunks(id, wait);
    const asked = chunks.flatMap(headingsOf).find(isQuestion);
    if (asked !== undefined) return asked.replace(/^\d+[.)]\s+/, '');
  }
  const [longest] = documents.toSorted((a, b) => b.chunks - a.chunks);
  if (longest === undefined) return undefined;
  const title = oneLine(longest.title).replace(/[\s.,:;!]+$/, '');
  return `What is said about ${title.length <= MAX_CHARS ? title : title.slice(0, MAX_CHARS).replace(/\s+\S*$/, '')}?`;
}

/** The heading a passage stands under, and those within it. */
function headingsOf({ heading, text }: StoredChunk): readonly string[] {
  const within = [...text.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, title = '']) => title);
  return [heading?.split(' › ').at(-1) ?? '', ...within].map(oneLine);
}

const isQuestion = (heading: string): boolean =>
  heading.endsWith('?') && heading.length <= MAX_CHARS && heading.includes(' ');

/** Without what would steer a terminal it is printed on. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/\p{Cc}/gu, '')
    .trim();
