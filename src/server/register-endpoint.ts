import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify';

import { CitestreamError } from '../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { RequestError } from './problem.ts';
import { validateInput } from './validate-input.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether it is answered without a key. */
    isOpen?: boolean;
  }
}

/** Makes an endpoint answer: its input is validated before its handler sees it. */
export function registerEndpoint(app: FastifyInstance, endpoint: Endpoint): void {
  app.route({
    method: endpoint.method,
    url: endpoint.path,
    exposeHeadRoute: endpoint.method === 'GET' && endpoint.streams !== true,
    config: {
      isOpen: endpoint.isOpen ?? false,
      ...(endpoint.maxBodyBytes !== undefined && { maxBodyBytes: endpoint.maxBodyBytes }),
    },
    handler: async (request, reply) => {
      const { params, query, body } = validated(endpoint, request);
      return endpoint.handle({ params, query, body, request, reply });
    },
  });
}

function validated({ params, query, body, takesFiles = false }: Endpoint, request: FastifyRequest) {
  const parameters = params?.safeParse(request.params);
  if (parameters?.success === false) {
    throw new CitestreamError('NOT_FOUND', 'There is nothing at this address: its id is not one.');
  }
  return {
    params: parameters?.data,
    query: query === undefined ? undefined : validateInput(query, request.query, { name: 'query' }),
    body:
      body === undefined || (takesFiles && request.isMultipart())
        ? undefined
        : validateInput(body, request.body, { name: 'body' }),
  };
}

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Makes every other method at the endpoints' addresses answer 405 with those that are allowed. */
export function refuseOtherMethods(app: FastifyInstance, endpoints: readonly Endpoint[]): void {
  for (const [path, there] of Map.groupBy(endpoints, (endpoint) => endpoint.path)) {
    const allowed = new Set<HTTPMethods>(['OPTIONS', ...there.map(({ method }) => method)]);
    if (there.some(({ method, streams }) => method === 'GET' && streams !== true)) allowed.add('HEAD');
    const allow = [...allowed].sort().join(', ');
    app.route({
      method: METHODS.filter((method) => !allowed.has(method)),
      url: path,
      exposeHeadRoute: false,
      // Before the body is read, which may be of a type that is not understood.
      onRequest: async (request) => {
        throw new RequestError(
          'METHOD_NOT_ALLOWED',
          `${request.method} is not possible here; it takes ${allow}.`,
          {
            headers: { allow },
          },
        );
      },
      handler: async () => undefined,
    });
  }
}
