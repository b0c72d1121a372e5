import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { signatureOf } from '../src/simulators/aws-signature.ts';
import { openBedrock } from '../src/llms/bedrock-client.ts';
import { BedrockConverse } from '../src/llms/bedrock-converse.ts';

/** The ways to read a stream that are measured. */
export const READERS = ['bare', 'ours', 'sdk'] as const;

/** One of the ways to read a stream that are measured. */
export type ReaderName = (typeof READERS)[number];

/** Reads one stream to its end, and calls `onEvent` for every piece of text in it. */
export type ReadStream = (onEvent: () => void) => Promise<void>;

const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const QUESTION = 'Question: load';
const PRELUDE_BYTES = 4;

/** Makes one of the ways to read; all of them speak HTTP/1.1 through a pool without a limit. */
export async function openReader(name: ReaderName): Promise<ReadStream> {
  if (name === 'bare') return bareReader();
  return name === 'ours' ? ourReader() : sdkReader();
}

async function ourReader(): Promise<ReadStream> {
  const llm = await BedrockConverse.open({ model: MODEL, decoder: 'lean' });
  return async (onEvent) => {
    for await (const delta of llm.streamChat({ messages: [{ role: 'user', content: QUESTION }] })) {
      if (delta.type === 'text') onEvent();
    }
  };
}

/** The SDK's iterator with nothing of this project around it. */
async function sdkReader(): Promise<ReadStream> {
  const { sdk, client } = await openBedrock({});
  return async (onEvent) => {
    const command = new sdk.ConverseStreamCommand({
      modelId: MODEL,
      messages: [{ role: 'user', content: [{ text: QUESTION }] }],
    });
    const { stream } = await client.send(command);
    if (stream === undefined) throw new Error('The SDK gave no stream.');
    for await (const event of stream) {
      if (event.contentBlockDelta?.delta?.text !== undefined) onEvent();
    }
  };
}

/** The floor: `node:http`, whose bytes are thrown away; of a frame only its length is looked at, to count it. */
function bareReader(): ReadStream {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const address = new URL(setting('AWS_ENDPOINT_URL_BEDROCK_RUNTIME'));
  const path = `/model/${encodeURIComponent(MODEL)}/converse-stream`;
  const body = JSON.stringify({ messages: [{ role: 'user', content: [{ text: QUESTION }] }] });
  return async (onEvent) => {
    const headers = signedHeaders(address, path, body);
    const sent = request(address, { agent, method: 'POST', path, headers });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`The simulator answers ${response.statusCode}.`);
    response.on('data', frameCounter(onEvent));
    await once(response, 'end');
  };
}

function frameCounter(onFrame: () => void): (bytes: Buffer) => void {
  /** How many bytes of the frame that has begun are still to come. */
  let left = 0;
  let cut: Buffer | undefined;
  return (chunk) => {
    const bytes = cut === undefined ? chunk : Buffer.concat([cut, chunk]);
    cut = undefined;
    let at = left;
    while (at + PRELUDE_BYTES <= bytes.length) {
      at += bytes.readUInt32BE(at);
      onFrame();
    }
    if (at < bytes.length) cut = bytes.subarray(at);
    left = Math.max(0, at - bytes.length);
  };
}

function signedHeaders(address: URL, path: string, body: string): Record<string, string> {
  const longDate = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-length': String(Buffer.byteLength(body)),
    'content-type': 'application/json',
    host: address.host,
    'x-amz-date': longDate,
  };
  const names = Object.keys(headers);
  const scope = { day: longDate.slice(0, 8), region: setting('AWS_REGION'), service: 'bedrock' };
  const signature = signatureOf(
    { method: 'POST', path, headers, body: Buffer.from(body) },
    { secret: setting('AWS_SECRET_ACCESS_KEY'), scope, names, longDate },
  );
  const credential = `${setting('AWS_ACCESS_KEY_ID')}/${scope.day}/${scope.region}/bedrock/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature.toString('hex')}`;
  return { ...headers, authorization };
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}
