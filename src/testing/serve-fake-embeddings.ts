import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { HashingEmbedder } from './hashing-embedder.ts';

/** The body of a call for embeddings, as an OpenAI-compatible server gets it. */
export interface EmbeddingRequest {
  readonly model: string;
  readonly input: readonly string[];
  readonly encoding_format?: 'base64' | 'float';
  readonly dimensions?: number;
}

/** What a test lets the server answer instead of vectors. */
export interface OtherAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server on this machine that speaks OpenAI's protocol for embeddings; dispose it to end it. */
export interface FakeEmbeddingServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: (EmbeddingRequest & { readonly authorization: string | undefined })[];
}

/** Serves the vectors of `HashingEmbedder`; `answer` may answer otherwise, or never. */
export async function serveFakeEmbeddings(
  options: {
    readonly dimension?: number;
    readonly answer?: (
      request: EmbeddingRequest,
    ) => OtherAnswer | undefined | Promise<OtherAnswer | undefined>;
  } = {},
): Promise<FakeEmbeddingServer> {
  const requests: FakeEmbeddingServer['requests'] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = (await json(request)) as EmbeddingRequest;
      requests.push({ ...body, authorization: request.headers.authorization });
      const other = await options.answer?.(body);
      const dimension = body.dimensions ?? options.dimension ?? 64;
      const answer = other ?? { status: 200, body: await answerOf(body, dimension), headers: {} };
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.body));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Last text first: clients have to go by the index. */
async function answerOf({ input, model, encoding_format }: EmbeddingRequest, dimension: number) {
  const embedder = new HashingEmbedder({ dimension, maxBatchSize: Infinity });
  const vectors = await embedder.embedDocuments(input);
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector],
  }));
  const tokens = input.join(' ').split(' ').length;
  return {
    object: 'list',
    model,
    data: data.toReversed(),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
