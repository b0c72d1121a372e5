import { createHash, timingSafeEqual } from 'node:crypto';

import type { FastifyRequest } from 'fastify';

import { RequestError } from './problem.ts';

/**
 * Makes the check that a request brings one of the keys as `Authorization: Bearer`; without keys, every request passes.
 * Digests are compared, all of them, so that the time tells neither a key's length nor which one was near.
 */
export function keyCheck(apiKeys: readonly string[]): (request: FastifyRequest) => void {
  const digests = apiKeys.map(digest);
  return (request) => {
    if (digests.length === 0) return;
    const [, key] = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    const brought = digest(key ?? '');
    const matches = digests.filter((known) => timingSafeEqual(known, brought));
    if (key === undefined || matches.length === 0) {
      throw new RequestError(
        'UNAUTHORIZED',
        'A valid key is required; send it as "Authorization: Bearer <key>".',
        {
          headers: { 'www-authenticate': 'Bearer realm="citestream"' },
        },
      );
    }
  };
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
