import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

import type { ErrorCode } from '../errors.ts';

/** What a handler is given: input that is already valid. */
export interface EndpointCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What a status answers with, for the OpenAPI document. */
export interface ResponseDescription {
  readonly description: string;
  /** Absent where there is no body. */
  readonly schema?: z.ZodType;
  /** @default 'application/json' */
  readonly contentType?: string;
  /** The data of each event, by name, of a `text/event-stream`. */
  readonly events?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route as it is registered and as it is described; both come from here, so they cannot differ. */
export interface Endpoint<Params = unknown, Query = unknown, Body = unknown> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With parameters as `:name`; a slash at the end makes no difference. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: 'chat' | 'sessions' | 'documents' | 'service';
  /** What does not match is not found. */
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** Headers it reads, with what they mean. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** It also takes `multipart/form-data` with files, and then `body` is undefined. */
  readonly takesFiles?: boolean;
  /** The most bytes a JSON body may have, where the server's limit is not meant. */
  readonly maxBodyBytes?: number;
  /** It answers as long as it likes, so `HEAD` makes no sense. */
  readonly streams?: boolean;
  /** It is answered without a key, as probes have none. */
  readonly isOpen?: boolean;
  readonly responses: Readonly<Record<number, ResponseDescription>>;
  /** The codes it may refuse or fail with, beside those that any route may. */
  readonly problems?: readonly ErrorCode[];
  /** The body of the answer; `reply` itself where it was hijacked. */
  handle(call: EndpointCall<Params, Query, Body>): Promise<unknown>;
}

/** Types an endpoint's handler by its schemas. */
export function defineEndpoint<Params, Query, Body>(endpoint: Endpoint<Params, Query, Body>): Endpoint {
  return endpoint;
}
