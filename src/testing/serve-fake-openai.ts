import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** The body of a call for a chat completion, as an OpenAI-compatible server gets it. */
export interface CompletionRequest {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly [field: string]: unknown;
}

/** A call that the server got. */
export interface ReceivedCompletionRequest {
  readonly body: CompletionRequest;
  readonly headers: IncomingHttpHeaders;
  /** With the query. */
  readonly path: string;
}

/** Writes an answer of a test's own; it counts as open until it is ended or its connection is closed. */
export type AnswerCompletion = (
  request: CompletionRequest,
  response: ServerResponse,
) => boolean | Promise<boolean>;

/** A server on this machine that speaks OpenAI's protocol for chat; dispose it to end it. */
export interface FakeOpenAIServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: ReceivedCompletionRequest[];
  /** How many answers are under way, were closed by the client before their end, and how many connections there were. */
  readonly counts: { open: number; aborted: number; connections: number };
  /** What `finish_reason` says. @default 'stop' */
  finishReason: string;
}

const PIECES = ['Tea is ', 'a drink [1].\n', 'It is “brewed”, ', '並行 😀.'];

/** Streams a few pieces, or gives them whole; where `answer` says true it has written the answer itself. */
export async function serveFakeOpenAI(answer: AnswerCompletion = () => false): Promise<FakeOpenAIServer> {
  const requests: ReceivedCompletionRequest[] = [];
  const counts = { open: 0, aborted: 0, connections: 0 };
  const server = createServer((request, response) => {
    counts.open += 1;
    response.on('close', () => {
      counts.open -= 1;
      if (!response.writableFinished) counts.aborted += 1;
    });
    void (async () => {
      const body = (await json(request)) as CompletionRequest;
      requests.push({ body, headers: request.headers, path: request.url ?? '' });
      if (await answer(body, response)) return;
      if (body.stream === true) streamAnswer(body, response, fake.finishReason);
      else writeJson(response, 200, wholeAnswer(body, fake.finishReason));
    })();
  });
  server.on('connection', () => {
    counts.connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const fake: FakeOpenAIServer = {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    counts,
    finishReason: 'stop',
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}

/** Answers with a body of JSON. */
export function writeJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Writes one event of a stream; text is written as it is, for what is no JSON. */
export function writeEvent(response: ServerResponse, data: unknown): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
}

/** A chunk with a piece of the answer, or with the reason of its end. */
export function chunkOf(
  delta: Readonly<Record<string, unknown>>,
  finishReason: string | null = null,
): unknown {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
}

function streamAnswer(request: CompletionRequest, response: ServerResponse, finishReason: string): void {
  writeEvent(response, chunkOf({ role: 'assistant', content: '' }));
  for (const content of PIECES) writeEvent(response, chunkOf({ content }));
  writeEvent(response, chunkOf({}, finishReason));
  if (request.stream_options?.include_usage === true) {
    writeEvent(response, { choices: [], usage: usageOf(request) });
  }
  writeEvent(response, '[DONE]');
  response.end();
}

function wholeAnswer(request: CompletionRequest, finishReason: string): unknown {
  const message = { role: 'assistant', content: PIECES.join(''), refusal: null };
  return {
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: finishReason }],
    usage: usageOf(request),
  };
}

function usageOf({ messages }: CompletionRequest) {
  const prompt_tokens = messages
    .map(({ content }) => content.split(' ').length)
    .reduce((sum, n) => sum + n, 0);
  const completion_tokens = PIECES.length;
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
