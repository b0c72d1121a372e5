/** How long the provider behind an error asked to wait, where it did: `retry-after-ms`, or `Retry-After` in seconds or as a date. */
export function retryAfterMs(error: unknown, nowMs: number = Date.now()): number | undefined {
  const header = headersBehind(error);
  if (header === undefined) return undefined;
  const exact = Number(header('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const text = header('retry-after');
  if (text === undefined || text.trim() === '') return undefined;
  const seconds = Number(text);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(text) - nowMs : seconds * 1000;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

type ReadHeader = (name: string) => string | undefined;

/** The headers of the answer that caused an error, as the clients of OpenAI and AWS carry them. */
function headersBehind(error: unknown): ReadHeader | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 4; each = each.cause, depth += 1) {
    const { headers, $response } = each as {
      readonly headers?: unknown;
      readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
    };
    if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
    const plain = $response?.headers;
    if (plain !== undefined) return (name) => plain[name];
  }
  return undefined;
}
