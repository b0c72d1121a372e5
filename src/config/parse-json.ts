/** Parses JSON that a person wrote; throws a `SyntaxError` of one line that names the line and column of the fault. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { message } = error as Error;
    const position = /at position (\d+)/.exec(message)?.[1];
    const place = placeOf(text, position === undefined ? unexpectedPosition(text) : Number(position));
    // What Node quotes of the text after this may be many lines long, and hold secrets.
    const fault = message.replace(
      /(?: in JSON)? at position .*$|, (?:\.{3})?".*"(?:\.{3})? is not valid JSON$/s,
      '',
    );
    throw new SyntaxError(`${fault.replaceAll(/\p{Cc}/gu, '?')} (${place})`, { cause: error });
  }
}

/** Where the character stands that Node calls unexpected without its place: the end of the shortest text it is in. */
function unexpectedPosition(text: string): number {
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (hasUnexpected(text.slice(0, middle + 1))) high = middle;
    else low = middle + 1;
  }
  return low;
}

function hasUnexpected(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as Error).message.startsWith('Unexpected token');
  }
}

function placeOf(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}
