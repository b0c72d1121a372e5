import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import type { StoredChunk } from '../documents/document.ts';
import { postJson } from '../testing/http-client.ts';
import { serveFakeCitestream, type ServedFake } from '../testing/serve-fake-citestream.ts';

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
  readonly 'x-events'?: Readonly<Record<string, object>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, Described>>;
  readonly security?: readonly object[];
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes?: object;
  };
}

const CHUNK: StoredChunk = {
  id: 'chunk_1',
  documentId: 'document_1',
  title: 'Pools',
  uri: 'docs/pools.md',
  index: 0,
  text: 'A pool of workers.',
  start: 0,
  end: 18,
  tokens: 5,
  page: 2,
  heading: 'Pools',
  metadata: { year: 2026, tags: ['a'] },
};

const FILTERS = { filters: [{ key: 'year', operator: 'in', value: [1, 2] }] };

/** Method, address, and what is sent: an answer of each kind that a route has. */
const CALLS: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ['GET', '/'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/metrics'],
  ['GET', '/openapi.json'],
  ['POST', '/chat/', { message: 'How?', session_id: 's', filters: FILTERS }],
  ['POST', '/chat/', { message: '' }],
  ['POST', '/chat/', { message: 'How?', on_busy: 'queue' }],
  ['POST', '/chat/', 'x'.repeat(300_000)],
  ['POST', '/chat/stream/', { message: 'How?' }],
  ['POST', '/chat/stream/', { message: 1 }],
  ['GET', '/chat/stream/{turn_id}'],
  ['DELETE', '/chat/stream/{turn_id}'],
  ['GET', '/sessions'],
  ['GET', '/sessions?limit=0'],
  ['GET', '/sessions/{session_id}'],
  ['GET', '/sessions/kept'],
  ['DELETE', '/sessions/{session_id}'],
  ['DELETE', '/sessions/kept'],
  ['POST', '/documents', { documents: [{ name: 'a.md', text: 'A' }] }],
  ['POST', '/documents', { documents: [] }],
  ['GET', '/documents'],
  ['GET', '/documents?after=a/b'],
  ['GET', '/documents/{document_id}'],
  ['GET', '/documents/document_1'],
  ['GET', '/documents/jobs/{job_id}'],
  ['GET', '/documents/jobs/{job_id}/events'],
  ['GET', '/chunks/{chunk_id}'],
  ['GET', '/chunks/chunk_1'],
  ['DELETE', '/documents/document_1'],
  ['DELETE', '/documents/{document_id}'],
];

describe('GET /openapi.json', () => {
  let served: ServedFake;
  let api: OpenApi;

  beforeAll(async () => {
    served = await serveFakeCitestream({ chunks: [CHUNK] });
    await served.citestream.history.beginTurn({ turnId: 't', sessionId: 'kept', question: 'How?' });
    api = (await (await fetch(`${served.address}/openapi.json`)).json()) as OpenApi;
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  it('is a valid OpenAPI 3.1 document whose references lead somewhere', async () => {
    expect(
      await new Validator().validate(structuredClone(api) as unknown as Record<string, unknown>),
    ).toEqual({
      valid: true,
    });
    const references = [...JSON.stringify(api).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, reference]) => reference,
    );
    expect(references.length).toBeGreaterThan(10);
    for (const reference of references) {
      expect(api.components.schemas).toHaveProperty([reference!.replace('#/components/schemas/', '')]);
    }
  });

  it('has every address of the server, and no other', () => {
    // The server's own drawing of its routes: each line's name goes on from that of the line above it.
    const drawn = served.server.app.printRoutes({ commonPrefix: false }).trimEnd().split('\n');
    const names: string[] = [];
    const addresses = drawn.map((line) => {
      const [, indent = '', name = ''] = /^(.*)── (\S+) /.exec(line) ?? [];
      names.splice(Math.floor(indent.length / 4), Infinity, name);
      return names.join('');
    });
    const described = Object.keys(api.paths).map((path) =>
      path.replaceAll(/\{(\w+)\}/g, ':$1').replace(/(.)\/$/, '$1'),
    );
    expect(addresses.sort()).toEqual(described.sort());
  });

  it('leaves out only methods that are refused with 405 and those that are taken', async () => {
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'PATCH']) {
        if (method.toLowerCase() in methods) continue;
        const response = await fetch(served.address + path.replaceAll(/\{(\w+)\}/g, 'unknown'), { method });
        expect([method, path, response.status]).toEqual([method, path, 405]);
        expect(response.headers.get('allow')?.split(', ')).toEqual(
          expect.arrayContaining(Object.keys(methods).map((known) => known.toUpperCase())),
        );
        expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
      }
    }
  });

  it('names every operation once', () => {
    const ids = Object.values(api.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes every parameter of an address', () => {
    for (const [path, methods] of Object.entries(api.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods)) {
        const described = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
        expect(described).toEqual(named);
      }
    }
  });

  it.each(CALLS)('describes what %s %s answers', async (...call) => {
    const [method, path, body] = call as unknown as (typeof CALLS)[number];
    const url = served.address + path.replaceAll(/\{(\w+)\}/g, 'unknown');
    const response =
      body === undefined ? await fetch(url, { method }) : await postJson(url, body, { method });
    const text = await response.text();
    const described = operationOf(method, path).responses[String(response.status)];
    expect([method, path, response.status, described]).not.toContain(undefined);
    const contentType = response.headers.get('content-type')?.split(';')[0];
    if (contentType === undefined) {
      expect([text, described!.content]).toEqual(['', undefined]);
      return;
    }
    const schema = described!.content?.[contentType]?.schema;
    expect([contentType, schema]).not.toContain(undefined);
    if (contentType.endsWith('json')) check(schema!, JSON.parse(text));
    if (contentType === 'text/event-stream') {
      for (const [, event, data] of text.matchAll(/event: (\w+)\ndata: (.*)/g)) {
        check(described!['x-events']![event!]!, JSON.parse(data!));
      }
    }
  });

  it('says that a key is asked for where one is, but not of the probes', async () => {
    await using locked = await serveFakeCitestream({}, { apiKeys: ['key'] });
    const headers = { authorization: 'Bearer key' };
    const withKeys = (await (await fetch(`${locked.address}/openapi.json`, { headers })).json()) as OpenApi;
    expect(withKeys.components.securitySchemes).toEqual({ key: { type: 'http', scheme: 'bearer' } });
    expect(withKeys.paths['/chat/']?.['post']?.security).toEqual([{ key: [] }]);
    expect(withKeys.paths['/chat/']?.['post']?.responses).toHaveProperty('401');
    expect(withKeys.paths['/healthz']?.['get']).not.toHaveProperty('security');
    expect(await new Validator().validate(withKeys as unknown as Record<string, unknown>)).toEqual({
      valid: true,
    });
  });

  function operationOf(method: string, path: string): Operation {
    const [plain = ''] = path.split('?');
    const pattern = Object.keys(api.paths).find((known) => known === plain) ?? matching(plain);
    return api.paths[pattern]![method.toLowerCase()]!;
  }

  function matching(path: string): string {
    return Object.keys(api.paths).find((known) =>
      new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    )!;
  }

  /** Throws where the value is not what the schema says. */
  function check(schema: object, value: unknown): void {
    const whole = { ...schema, $defs: api.components.schemas };
    const local = JSON.parse(
      JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/'),
    ) as Parameters<typeof z.fromJSONSchema>[0];
    z.fromJSONSchema(local).parse(value);
  }
});
