import { isWhitespace, splitSentences } from './split-sentences.ts';

/** Part of a text that was cut off as a whole; `level` says where finer cuts go on. */
export interface TextPiece {
  readonly start: number;
  readonly end: number;
  /** The index of the next finer cut in `CUTS`. */
  readonly level: number;
}

type Cut = (text: string, start: number, end: number) => readonly number[];

const FENCE = /^[ \t]{0,12}(`{3,}|~{3,})/;
const CLAUSE_END = /[,;:](?=\s)|[，、；：]/g;
const WORD = /\S+/g;
/** A longer word is cut here and there: nothing else is left to go by. */
const MAX_RUN = 64;
const MAX_COMBINING_MARKS = 16;
const JOINS_THE_ONE_BEFORE = /^(?:\p{M}|\u200d)/u;

/** From coarse to fine; code is cut at line ends first, and prose at the ends of sentences. */
const CUTS: readonly Cut[] = [lineEnds, sentenceEnds, clauseEnds, wordEnds, runEnds, middle];
const PROSE_LEVEL = 1;
const CODE_LEVEL = 0;

/**
 * Cuts a text into its paragraphs and fenced code blocks, which leave nothing out: each begins with the whitespace
 * before it.
 */
export function splitBlocks(text: string): readonly TextPiece[] {
  const blocks: TextPiece[] = [];
  let start = 0;
  let fence: string | undefined;
  let lastIsBlank = false;
  for (let lineStart = 0; lineStart < text.length;) {
    const newline = text.indexOf('\n', lineStart);
    const lineEnd = newline === -1 ? text.length : newline + 1;
    const marker = FENCE.exec(text.slice(lineStart, Math.min(lineEnd, lineStart + 100)))?.[1];
    if (fence !== undefined) {
      if (
        marker?.startsWith(fence) === true &&
        isBlank(text, text.indexOf(marker, lineStart) + marker.length, lineEnd)
      ) {
        cut(lineEnd, CODE_LEVEL);
        fence = undefined;
      }
    } else if (marker !== undefined) {
      cut(lineStart, PROSE_LEVEL);
      fence = marker;
    } else {
      const blank = isBlank(text, lineStart, lineEnd);
      if (blank && !lastIsBlank) cut(lineStart, PROSE_LEVEL);
      lastIsBlank = blank;
    }
    lineStart = lineEnd;
  }
  cut(text.length, fence === undefined ? PROSE_LEVEL : CODE_LEVEL);
  return blocks;

  function cut(end: number, level: number): void {
    if (end > start) blocks.push({ start, end, level });
    start = end;
  }
}

/** Cuts a piece into the coarsest finer pieces there are; empty when it is a single character. */
export function dividePiece(text: string, piece: TextPiece): readonly TextPiece[] {
  for (let level = piece.level; level < CUTS.length; level += 1) {
    const cuts = CUTS[level]?.(text, piece.start, piece.end) ?? [];
    if (cuts.length === 0) continue;
    // Halves are halved again; every other cut has done all it can.
    const nextLevel = Math.min(level + 1, CUTS.length - 1);
    return [...cuts, piece.end].map((end, index) => ({
      start: cuts[index - 1] ?? piece.start,
      end,
      level: nextLevel,
    }));
  }
  return [];
}

function lineEnds(text: string, start: number, end: number): number[] {
  const ends: number[] = [];
  for (let at = text.indexOf('\n', start); at !== -1 && at < end - 1; at = text.indexOf('\n', at + 1)) {
    ends.push(at + 1);
  }
  return ends;
}

function sentenceEnds(text: string, start: number, end: number): number[] {
  return splitSentences(text.slice(start, end))
    .slice(0, -1)
    .map((sentence) => start + sentence.end);
}

function clauseEnds(text: string, start: number, end: number): number[] {
  return matchEnds(CLAUSE_END, text, { start, end });
}

function wordEnds(text: string, start: number, end: number): number[] {
  return matchEnds(WORD, text, { start, end });
}

/** The ends of all matches but one at the very end, where there is nothing left to cut off. */
function matchEnds(
  pattern: RegExp,
  text: string,
  range: { readonly start: number; readonly end: number },
): number[] {
  const ends: number[] = [];
  for (const match of text.slice(range.start, range.end).matchAll(pattern)) {
    const end = range.start + match.index + match[0].length;
    if (end < range.end) ends.push(end);
  }
  return ends;
}

function runEnds(text: string, start: number, end: number): number[] {
  const ends: number[] = [];
  for (let at = start + MAX_RUN; at < end; at += MAX_RUN) {
    at = boundaryNotBefore(text, at);
    if (at < end) ends.push(at);
  }
  return ends;
}

function middle(text: string, start: number, end: number): number[] {
  const half = start + ((end - start) >> 1);
  const candidates = [boundaryNotBefore(text, half), afterPair(text, half), start + 1];
  const at = candidates.find((at) => at > start && at < end && !cutsPair(text, at));
  return at === undefined ? [] : [at];
}

/** Keeps marks and joiners with the character they belong to, where there are not too many of them. */
function boundaryNotBefore(text: string, from: number): number {
  let at = afterPair(text, from);
  for (let marks = 0; marks < MAX_COMBINING_MARKS; marks += 1) {
    const joins = JOINS_THE_ONE_BEFORE.test(text.slice(at, at + 2)) || text[at - 1] === '\u200d';
    if (!joins || at >= text.length) return at;
    at = afterPair(text, at + 1);
  }
  return afterPair(text, from);
}

function afterPair(text: string, at: number): number {
  return cutsPair(text, at) ? at + 1 : at;
}

function cutsPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (!isWhitespace(text.charCodeAt(at))) return false;
  return true;
}
