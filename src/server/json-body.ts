import type { FastifyInstance, FastifyRequest } from 'fastify';

import { formatByteSize } from '../config/byte-size.ts';
import { RequestError } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The most bytes a JSON body of this route may have. */
    maxBodyBytes?: number;
  }
}

/** How much is read, and how long it is waited for. */
export interface JsonBodyLimits {
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
}

/** Makes `application/json` the only body that is understood, read within limits and refused in clear words. */
export function addJsonBody(app: FastifyInstance, limits: JsonBodyLimits): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest) =>
    parseJson(await readBody(request, limits)),
  );
}

async function readBody(request: FastifyRequest, limits: JsonBodyLimits): Promise<Uint8Array> {
  const { raw, headers } = request;
  const maxBytes = request.routeOptions.config.maxBodyBytes ?? limits.maxBodyBytes;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new RequestError(
      'UNSUPPORTED_MEDIA_TYPE',
      `A body with Content-Encoding ${encoding} is not taken.`,
    );
  }
  const body = await inTime(collect(raw, maxBytes), limits.requestTimeoutMs);
  if (body === undefined) {
    const hint = maxBytes === limits.maxBodyBytes ? '' : '; send large documents as multipart/form-data';
    throw new RequestError(
      'TOO_LARGE',
      `The body is larger than the limit of ${formatByteSize(maxBytes)}${hint}.`,
    );
  }
  return body;
}

/** The whole body, or undefined where it is too large; then too it is read to its end, so that the client hears why. */
async function collect(raw: AsyncIterable<Buffer>, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of raw) {
    bytes += chunk.length;
    if (bytes > maxBytes) chunks.length = 0;
    else chunks.push(chunk);
  }
  return bytes > maxBytes ? undefined : Buffer.concat(chunks, bytes);
}

async function inTime<Result>(reading: Promise<Result>, timeoutMs: number): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `The body did not arrive within ${timeoutMs} ms.`;
    // The rest may never come, so the connection cannot be used again.
    late.reject(new RequestError('TIMEOUT', message, { status: 408, headers: { connection: 'close' } }));
  }, timeoutMs);
  try {
    return await Promise.race([reading, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function parseJson(body: Uint8Array): unknown {
  if (body.byteLength === 0) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new RequestError('INVALID_INPUT', 'The body is not UTF-8 text.');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RequestError('INVALID_INPUT', `The body is not valid JSON: ${(cause as Error).message}.`, {
      cause,
    });
  }
}
