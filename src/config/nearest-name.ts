import { distance } from 'fastest-levenshtein';

/** The known name that was probably meant, or `undefined` where none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = plain(name);
  let nearest: string | undefined;
  let nearestDistance = Infinity;
  for (const candidate of known) {
    // The last part alone also counts: `topK` for `retrieval.topK`.
    const names = [plain(candidate), plain(candidate.split('.').at(-1) ?? candidate)];
    const candidateDistance = Math.min(...names.map((each) => distance(wanted, each)));
    if (candidateDistance < nearestDistance) [nearest, nearestDistance] = [candidate, candidateDistance];
  }
  return nearestDistance <= Math.max(2, Math.floor(wanted.length * 0.4)) ? nearest : undefined;
}

/** `; did you mean port?`, or a full stop, to end a sentence about an unknown name. */
export function suggestion(name: string, known: readonly string[], prefix = ''): string {
  const rest = (text: string): string => text.slice(prefix.length);
  // What all names begin with would make any two of them look alike.
  const nearest = nearestName(rest(name), known.map(rest));
  return nearest === undefined ? '.' : `; did you mean ${prefix}${nearest}?`;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');
