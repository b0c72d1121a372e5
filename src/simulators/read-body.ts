import type { AnyRequest } from './dual-protocol-server.ts';

/** Bedrock takes no larger request either. */
const MAX_BODY_BYTES = 25_000_000;

/** The body of a request; nothing where it is too large. Rejects when the client leaves before its end. */
export async function readBody(request: AnyRequest): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= MAX_BODY_BYTES) parts.push(part);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(parts, bytes);
}
