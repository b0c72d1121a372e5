import type { EmbedderLimits } from './embedder.ts';

/** Texts that go into one call, and where they stood among all. */
export interface TextBatch {
  readonly start: number;
  readonly texts: readonly string[];
}

/** Splits texts, in order, into batches that one call takes; a text above the limit of a batch goes alone. */
export function* batchTexts(
  texts: readonly string[],
  { maxBatchSize, maxBatchCharacters = Infinity }: EmbedderLimits,
): Generator<TextBatch> {
  let start = 0;
  let characters = 0;
  for (const [at, text] of texts.entries()) {
    const isFull = at - start >= maxBatchSize || characters + text.length > maxBatchCharacters;
    if (isFull && at > start) {
      yield { start, texts: texts.slice(start, at) };
      start = at;
      characters = 0;
    }
    characters += text.length;
  }
  if (start < texts.length) yield { start, texts: texts.slice(start) };
}

/** The beginning of a text, never with half a character at its end. */
export function cutText(text: string, maxCharacters: number = Infinity): string {
  if (text.length <= maxCharacters) return text;
  const last = text.charCodeAt(maxCharacters - 1);
  const isHalfOfPair = last >= 0xd8_00 && last <= 0xdb_ff;
  return text.slice(0, isHalfOfPair ? maxCharacters - 1 : maxCharacters);
}
