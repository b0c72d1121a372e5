import { readFile } from 'node:fs/promises';

import type { FastifyInstance } from 'fastify';

import { addDocumentsRoute } from './add-documents-route.ts';
import { chatRoute } from './chat-route.ts';
import { chatStreamRoute } from './chat-stream-route.ts';
import { deleteDocumentRoute } from './delete-document-route.ts';
import { deleteSessionRoute } from './delete-session-route.ts';
import type { Endpoint } from './endpoint.ts';
import { getChunkRoute } from './get-chunk-route.ts';
import { getDocumentRoute } from './get-document-route.ts';
import { getJobRoute } from './get-job-route.ts';
import { getSessionRoute } from './get-session-route.ts';
import { healthzRoute } from './healthz-route.ts';
import { homeRoute } from './home-route.ts';
import { jobEventsRoute } from './job-events-route.ts';
import { listDocumentsRoute } from './list-documents-route.ts';
import { listSessionsRoute } from './list-sessions-route.ts';
import { metricsRoute } from './metrics-route.ts';
import { openapiRoute } from './openapi-route.ts';
import type { OpenApiDocument } from './openapi.ts';
import { readyzRoute } from './readyz-route.ts';
import { refuseOtherMethods, registerEndpoint } from './register-endpoint.ts';
import { resumeChatStreamRoute } from './resume-chat-stream-route.ts';
import type { ServerContext } from './server-context.ts';
import { stopChatStreamRoute } from './stop-chat-stream-route.ts';

/** Registers every route of the API. */
export function addRoutes(app: FastifyInstance, context: ServerContext): void {
  const withFiles = addDocumentsRoute(context);
  const endpoints: Endpoint[] = [
    chatStreamRoute(context),
    chatRoute(context),
    resumeChatStreamRoute(),
    stopChatStreamRoute(context),
    listSessionsRoute(context),
    getSessionRoute(context),
    deleteSessionRoute(context),
    listDocumentsRoute(context),
    getDocumentRoute(context),
    deleteDocumentRoute(context),
    getJobRoute(context),
    jobEventsRoute(context),
    getChunkRoute(context),
    healthzRoute(),
    readyzRoute(context),
    metricsRoute(context),
    openapiRoute(async () => describe([...endpoints, withFiles], context)),
    homeRoute(context),
  ];
  for (const endpoint of endpoints) registerEndpoint(app, endpoint);
  refuseOtherMethods(app, [...endpoints, withFiles]);

  void app.register(async (scope) => {
    const { limits } = context.options;
    const { fastifyMultipart } = await import('@fastify/multipart');
    // One more than is allowed, so that our own refusal, which says what to do, comes first.
    const most = limits.maxUploadFiles + 1;
    await scope.register(fastifyMultipart, {
      preservePath: true,
      limits: {
        fileSize: Infinity,
        files: most,
        parts: most + 1,
        fields: 1,
        fieldSize: 1000,
        headerPairs: 100,
      },
    });
    registerEndpoint(scope, withFiles);
  });
}

async function describe(
  endpoints: readonly Endpoint[],
  { options }: ServerContext,
): Promise<OpenApiDocument> {
  const [{ describeApi }, manifest] = await Promise.all([
    import('./openapi.ts'),
    readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  ]);
  const { version } = JSON.parse(manifest) as { readonly version: string };
  return describeApi(endpoints, { version, needsKey: options.apiKeys.length > 0 });
}
