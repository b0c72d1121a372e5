/** The line that asks a question over HTTP, to paste into a shell. */
export function curlCommand(
  address: string,
  question: string,
  options: { readonly needsKey?: boolean } = {},
): string {
  const key = options.needsKey === true ? ' -H "authorization: Bearer $API_KEY"' : '';
  const body = JSON.stringify({ message: question }).replaceAll("'", String.raw`'\''`);
  return `curl -N ${address}/chat/stream/ -H 'content-type: application/json'${key} -d '${body}'`;
}
