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

/** `; did you mean "port"?` or nothing, to end a sentence about an unknown name. */
export function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');
