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
  const chunks: Buffer[] = [];
  let bytes = 0;
  const tooSlow = setTimeout(() => {
    raw.destroy(
      new RequestError('TIMEOUT', `The body did not arrive within ${limits.requestTimeoutMs} ms.`, {
        status: 408,
      }),
    );
  }, limits.requestTimeoutMs);
  try {
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) chunks.length = 0;
      else chunks.push(chunk);
    }
  } finally {
    clearTimeout(tooSlow);
  }
  if (bytes > maxBytes) {
    const hint = maxBytes === limits.maxBodyBytes ? '' : '; send large documents as multipart/form-data';
    throw new RequestError(
      'TOO_LARGE',
      `The body is larger than the limit of ${formatByteSize(maxBytes)}${hint}.`,
    );
  }
  return Buffer.concat(chunks, bytes);
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
