import { defineEndpoint, type Endpoint } from './endpoint.ts';
import type { ServerContext } from './server-context.ts';

/** `GET /metrics`: what Prometheus scrapes. */
export function metricsRoute({ metrics }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/metrics',
    operationId: 'getMetrics',
    summary: 'Gives the metrics in the Prometheus text format',
    tag: 'service',
    responses: { 200: { description: 'The metrics.', contentType: 'text/plain' } },
    async handle({ reply }) {
      return reply.type(metrics.contentType).send(await metrics.render());
    },
  });
}
