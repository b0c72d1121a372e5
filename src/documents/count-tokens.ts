import { createRequire } from 'node:module';

import type * as cl100kBase from 'gpt-tokenizer/encoding/cl100k_base';

type Encoding = typeof cl100kBase;

/** Merging costs the square of a run's length, so longer runs are counted in pieces of this many units. */
const MAX_RUN = 256;
/** Merged words are remembered; a slice of a document would keep the whole document alive. */
const MAX_REMEMBERED_WORDS = 20_000;
const COUNT_SPECIAL_TOKENS_AS_TEXT = { disallowedSpecial: new Set<string>() };

let encoding: Encoding | undefined;

/** Loaded at the first count: it costs some 100 ms and 45 MB, which a server's start must not pay. */
function loadEncoding(): Encoding {
  if (encoding === undefined) {
    encoding = createRequire(import.meta.url)('gpt-tokenizer/encoding/cl100k_base') as Encoding;
    encoding.setMergeCacheSize(MAX_REMEMBERED_WORDS);
  }
  return encoding;
}

/** How many tokens of OpenAI's `cl100k_base` a text has; special tokens count as the text they are. */
export function countTokens(text: string): number {
  if (text === '') return 0;
  const { countTokens } = loadEncoding();
  let tokens = 0;
  let start = 0;
  for (const end of cutsInLongRuns(text)) {
    tokens += countTokens(text.slice(start, end), COUNT_SPECIAL_TOKENS_AS_TEXT);
    start = end;
  }
  return tokens + countTokens(start === 0 ? text : text.slice(start), COUNT_SPECIAL_TOKENS_AS_TEXT);
}

/** Forgets the words seen, and with them the texts they are slices of. */
export function forgetCountedWords(): void {
  encoding?.clearMergeCache();
}

/** Where runs of more than `MAX_RUN` units, of whitespace or of anything else, are to be cut. */
function cutsInLongRuns(text: string): readonly number[] {
  const cuts: number[] = [];
  let runStart = 0;
  let runIsSpace = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    const isSpace = unit <= 0x20;
    if (isSpace !== runIsSpace) {
      runIsSpace = isSpace;
      runStart = at;
    } else if (at - runStart >= MAX_RUN && !isLowSurrogate(unit)) {
      cuts.push(at);
      runStart = at;
    }
  }
  return cuts;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
