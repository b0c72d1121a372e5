import type { Socket } from 'node:net';

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import { CitestreamError, type ErrorCode, toCitestreamError } from '../errors.ts';
import { problemResponse, RequestError } from './problem.ts';

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The codes of the errors that Fastify and its plugins answer a client's mistakes with. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_BODY_TOO_LARGE: 'TOO_LARGE',
  FST_ERR_BAD_URL: 'INVALID_INPUT',
  FST_ERR_MAX_PARAM_LENGTH: 'NOT_FOUND',
  FST_PARTS_LIMIT: 'TOO_LARGE',
  FST_FILES_LIMIT: 'TOO_LARGE',
  FST_FIELDS_LIMIT: 'TOO_LARGE',
};

const FRAMEWORK_MESSAGES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    'The body must be application/json; documents may also be multipart/form-data.',
  FST_ERR_BAD_URL: 'The address is not a valid one: its percent-encoding is broken.',
  FST_ERR_MAX_PARAM_LENGTH: 'There is nothing at this address: its id is too long to be one.',
};

/** Answers any error with its problem body; what is the server's own fault goes to the log, whole. */
export function sendProblem(
  thrown: unknown,
  { request, reply, logger }: { request: FastifyRequest; reply: FastifyReply; logger: Logger },
): void {
  if (reply.raw.destroyed) return;
  const error = toRequestError(thrown);
  if (error.status >= 500 && error.code !== 'NOT_IMPLEMENTED' && error.code !== 'SHUTTING_DOWN') {
    logger.error({ request_id: request.id, turn_id: request.turnId, err: thrown }, 'request failed');
  }
  const { body, headers } = problemResponse(error, request.id);
  void reply
    .status(error.status)
    .headers(headers)
    .header('x-request-id', request.id)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(body));
}

function toRequestError(thrown: unknown): CitestreamError {
  if (thrown instanceof CitestreamError) return thrown;
  if (!(thrown instanceof Error)) return toCitestreamError(thrown);
  const { code, statusCode, message } = thrown as Partial<FastifyError> & Error;
  // A DOMException, for one, has a number there.
  if (typeof code !== 'string') return toCitestreamError(thrown);
  const known = FRAMEWORK_CODES[code];
  if (known !== undefined) return new RequestError(known, FRAMEWORK_MESSAGES[code] ?? sentence(message));
  // What else Fastify and its parsers blame on the client: they say so by the status.
  const isClients = code.startsWith('FST_') && statusCode !== undefined && statusCode < 500;
  if (isClients) return new RequestError('INVALID_INPUT', sentence(message), { cause: thrown });
  return toCitestreamError(thrown);
}

const sentence = (message: string): string =>
  `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, '')}.`;

const CLIENT_ERRORS: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are larger than the server takes.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/** Answers what is not HTTP, or too large or slow to become a request, and ends the connection. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] = CLIENT_ERRORS[error.code ?? ''] ?? [400, 'This is not a valid HTTP request.'];
  const { body } = problemResponse(new RequestError('INVALID_INPUT', detail, { status }), 'none');
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${body.title}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
