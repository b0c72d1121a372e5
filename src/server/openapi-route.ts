import { z } from 'zod';

import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { OpenApiDocument } from './openapi.ts';

/** `GET /openapi.json`: the API for programs; made when it is first asked for. */
export function openapiRoute(buildDocument: () => Promise<OpenApiDocument>): Endpoint {
  let text: Promise<string> | undefined;
  return defineEndpoint({
    method: 'GET',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'Gives this description',
    tag: 'service',
    responses: {
      200: { description: 'An OpenAPI 3.1 document.', schema: z.looseObject({ openapi: z.string() }) },
    },
    async handle({ reply }) {
      text ??= buildDocument().then((document) => JSON.stringify(document));
      return reply.type('application/json; charset=utf-8').send(await text);
    },
  });
}
