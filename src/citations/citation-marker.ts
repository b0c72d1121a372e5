const ITEM = String.raw`(?:sources?\s*)?\d+(?:\s*[-–—]\s*(?:sources?\s*)?\d+)?`;
const LIST = new RegExp(String.raw`^[\s,;]*(?:${ITEM}(?:[\s,;]+${ITEM})*)?[\s,;]*$`, 'i');
const SEPARATE_ITEMS = /(\d+)(?:\s*[-–—]\s*(?:sources?\s*)?(\d+))?/gi;
const PLAIN = /[\d ,;–—-]/;
const SOURCE_PREFIX = /(?:^|[\s,;[–—-])s(?:o(?:u(?:r(?:c(?:es?)?)?)?)?)?$/i;
const LINK_STARTS = ['<', '/', '#', 'http:', 'https:', 'www.', 'mailto:'];

/** Whether an open marker may go on so: `held` is everything from its `[`, with the character in question. */
export function mayBeMarker(held: string): boolean {
  return PLAIN.test(held.slice(-1)) || SOURCE_PREFIX.test(held);
}

/**
 * The sources that the inside of a bracket names, in its order, each once: `1`, `1, 2`, `1-3`, `Source 4`. Only those
 * from 1 to `sourceCount` are given back; `undefined` where it is no marker at all.
 */
export function readMarker(inside: string, sourceCount: number): readonly number[] | undefined {
  if (!LIST.test(inside)) return undefined;
  const ids = new Set<number>();
  for (const [, first, last] of inside.matchAll(SEPARATE_ITEMS)) {
    const from = Number(first);
    const to = last === undefined ? from : Number(last);
    // A range is cut to the sources there are before it is walked.
    for (let id = Math.max(1, Math.min(from, to)); id <= Math.min(sourceCount, Math.max(from, to)); id += 1) {
      ids.add(id);
    }
  }
  return [...ids];
}

/** Whether what follows `[n]` at the start of a line makes it a link definition; `undefined` while that is open. */
export function isLinkDefinition(afterMarker: string): boolean | undefined {
  const target = afterMarker.replace(/^:[ \t]{0,3}/, '').toLowerCase();
  if (LINK_STARTS.some((start) => target.startsWith(start))) return true;
  return LINK_STARTS.some((start) => start.startsWith(target)) ? undefined : false;
}
