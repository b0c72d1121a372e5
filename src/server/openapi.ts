import { STATUS_CODES } from 'node:http';

import { z } from 'zod';

import { ERROR_TABLE, type ErrorCode } from '../errors.ts';
import { apiSchemas, problemSchema } from './api-schemas.ts';
import type { Endpoint, ResponseDescription } from './endpoint.ts';

/** A JSON object of the document; its shape is that of OpenAPI 3.1. */
export type OpenApiDocument = Readonly<Record<string, unknown>>;

type JsonObject = Record<string, unknown>;

const COMPONENTS = '#/components/schemas/';
const ANY_ROUTE: readonly ErrorCode[] = ['FORBIDDEN', 'INTERNAL'];

/** Describes the endpoints as OpenAPI 3.1; `needsKey` says that requests must bring one. */
export function describeApi(
  endpoints: readonly Endpoint[],
  { version, needsKey }: { readonly version: string; readonly needsKey: boolean },
): OpenApiDocument {
  const paths: Record<string, JsonObject> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint, needsKey) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'citestream',
      version,
      description:
        'Answers questions over your own documents: as a stream, with citations that can be checked.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    tags: ['chat', 'sessions', 'documents', 'service'].map((name) => ({ name })),
    paths,
    components: {
      schemas: components(),
      ...(needsKey && { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

function operation(endpoint: Endpoint, needsKey: boolean): JsonObject {
  const { operationId, summary, tag, responses, isOpen = false } = endpoint;
  const asksKey = needsKey && !isOpen;
  const answers = Object.entries(responses).map(([status, response]) => [status, answer(response)] as const);
  return {
    operationId,
    summary,
    tags: [tag],
    parameters: parameters(endpoint),
    ...(endpoint.body !== undefined && { requestBody: requestBody(endpoint) }),
    responses: { ...Object.fromEntries(answers), ...problems(endpoint, asksKey) },
    ...(asksKey && { security: [{ key: [] }] }),
  };
}

function parameters({ params, query, requestHeaders = {} }: Endpoint): JsonObject[] {
  const headers = Object.entries(requestHeaders).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }));
  return [...fieldParameters(params, 'path'), ...fieldParameters(query, 'query'), ...headers];
}

function fieldParameters(schema: z.ZodType | undefined, place: 'path' | 'query'): JsonObject[] {
  if (schema === undefined) return [];
  // A whole number of a query string is text that becomes one: its limits are on what comes out.
  const { properties = {} } = jsonSchema(schema, place === 'query' ? 'output' : 'input');
  return Object.entries(properties as Record<string, JsonObject>).map(([name, fieldSchema]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: fieldSchema,
  }));
}

function requestBody({ body, takesFiles = false }: Endpoint): JsonObject {
  const files = {
    type: 'object',
    properties: {
      files: { type: 'array', items: { type: 'string', contentMediaType: 'application/octet-stream' } },
    },
  };
  return {
    required: true,
    content: {
      'application/json': { schema: jsonSchema(body as z.ZodType, 'input') },
      ...(takesFiles && { 'multipart/form-data': { schema: files } }),
    },
  };
}

function answer({ description, schema, contentType, events, headers = {} }: ResponseDescription): JsonObject {
  const content = contentType ?? 'application/json';
  const hasBody = schema !== undefined || contentType !== undefined;
  const documented = Object.entries(headers).map(
    ([name, text]) => [name, { description: text, schema: { type: 'string' } }] as const,
  );
  const eventData = Object.entries(events ?? {}).map(
    ([name, event]) => [name, { $ref: reference(event) }] as const,
  );
  return {
    description,
    // OpenAPI 3.1 has no words for the events of a stream: the data of each, by its name.
    ...(eventData.length > 0 && { 'x-events': Object.fromEntries(eventData) }),
    ...(documented.length > 0 && { headers: Object.fromEntries(documented) }),
    ...(hasBody && {
      content: {
        [content]: { schema: schema === undefined ? { type: 'string' } : jsonSchema(schema, 'output') },
      },
    }),
  };
}

function problems(endpoint: Endpoint, asksKey: boolean): JsonObject {
  const codes = new Set<ErrorCode>([...ANY_ROUTE, ...(endpoint.problems ?? [])]);
  if (asksKey) codes.add('UNAUTHORIZED');
  if (endpoint.params !== undefined) codes.add('NOT_FOUND');
  if (endpoint.query !== undefined || endpoint.body !== undefined) codes.add('INVALID_INPUT');
  if (endpoint.method !== 'GET') codes.add('SHUTTING_DOWN');
  if (endpoint.body !== undefined) codes.add('TOO_LARGE').add('UNSUPPORTED_MEDIA_TYPE');
  const byStatus = Map.groupBy(codes, (code) => ERROR_TABLE[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, statusCodes]) => [
      String(status),
      {
        description: `${STATUS_CODES[status]}: ${statusCodes.join(', ')}`,
        content: { 'application/problem+json': { schema: jsonSchema(problemSchema, 'output') } },
      },
    ]),
  );
}

function components(): JsonObject {
  const { schemas } = z.toJSONSchema(apiSchemas, { uri: (id) => COMPONENTS + id, io: 'input' });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)]));
}

const reference = (schema: z.ZodType): string => `${COMPONENTS}${apiSchemas.get(schema)?.id}`;

/** A reference for a schema that has a name, else the schema itself with references inside. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  if (apiSchemas.get(schema) !== undefined) return { $ref: reference(schema) };
  const { $defs, ...own } = z.toJSONSchema(schema, { metadata: apiSchemas, io });
  void $defs;
  return withoutIdentity(own);
}

function withoutIdentity(schema: object): JsonObject {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', `"${COMPONENTS}`);
  const { $schema, $id, ...own } = JSON.parse(text) as JsonObject;
  void $schema;
  void $id;
  return own;
}
