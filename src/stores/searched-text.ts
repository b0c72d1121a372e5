import type { Chunk, DocumentRecord } from '../documents/document.ts';

/**
 * What a search by words looks in: the text under its title and headings, which often say what the text only
 * refers to. One text, because LanceDB takes some ten times as long to search two and add up their scores.
 */
export function searchedText(
  { title }: Pick<DocumentRecord, 'title'>,
  { heading, text }: Pick<Chunk, 'heading' | 'text'>,
): string {
  if (heading === undefined) return `${title}\n${text}`;
  // The path of the headings often begins with the title.
  return heading.startsWith(title) ? `${heading}\n${text}` : `${title}\n${heading}\n${text}`;
}
