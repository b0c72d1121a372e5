import type { Readable } from 'node:stream';

import type { ConverseStreamCommandInput } from '@aws-sdk/client-bedrock-runtime';

import type { BedrockSdk } from './bedrock-client.ts';
import { type ConverseEvent, converseEventOf } from './bedrock-converse-events.ts';
import { EventStreamDecoder } from './event-stream-decoder.ts';

/** An open answer of ConverseStream. */
export interface ConverseEventSource {
  /** The events of a packet together, so that a token costs no promise of its own. */
  readonly batches: AsyncIterable<readonly ConverseEvent[]>;
  /** Gives the connection back where the answer is complete, and closes it where it is not. */
  finish(isComplete: boolean): void;
}

/** How long the end of a body that has given all its events is waited for before its connection is given up. */
const DRAIN_MS = 1000;

/**
 * Opens a stream and takes its body before the SDK's deserializer, which costs more than the decoder of our
 * own. Everything else is the SDK's: it signs, finds credentials, region and endpoint, and reads errors.
 */
export async function openRawConverseStream(
  { sdk, client }: BedrockSdk,
  input: ConverseStreamCommandInput,
  signal: AbortSignal | undefined,
): Promise<ConverseEventSource> {
  const command = new sdk.ConverseStreamCommand(input);
  const taken: { body?: Readable } = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; body: unknown };
      if (response.statusCode < 300) {
        taken.body = response.body as Readable;
        response.body = NOTHING;
      }
      return result;
    },
    // Low: behind the deserializer on the way out, so before it on the way back.
    { step: 'deserialize', priority: 'low', name: 'takeEventStreamBody' },
  );
  await client.send(command, signal === undefined ? {} : { abortSignal: signal });
  const { body } = taken;
  if (body === undefined) throw new TypeError('The SDK gave no body.');
  // Whoever does not read it any more does not hear how it ends.
  body.on('error', () => {});
  return {
    batches: decodedBatches(body),
    finish: (isComplete) => {
      if (isComplete) drain(body);
      else body.destroy();
    },
  };
}

/** Opens a stream and reads it with the SDK's own decoder. */
export async function openSdkConverseStream(
  { sdk, client }: BedrockSdk,
  input: ConverseStreamCommandInput,
  signal: AbortSignal | undefined,
): Promise<ConverseEventSource> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  signal?.addEventListener('abort', leave, { once: true });
  try {
    const command = new sdk.ConverseStreamCommand(input);
    const { stream = NOTHING } = await client.send(command, { abortSignal: leaving.signal });
    return {
      batches: sdkBatches(stream),
      finish: (isComplete) => {
        signal?.removeEventListener('abort', leave);
        if (!isComplete) leaving.abort();
      },
    };
  } catch (error) {
    signal?.removeEventListener('abort', leave);
    throw error;
  }
}

const NOTHING: AsyncIterable<never> = {
  async *[Symbol.asyncIterator]() {
    // The deserializer finds an empty stream, which nobody reads.
  },
};

async function* decodedBatches(body: Readable): AsyncGenerator<readonly ConverseEvent[], void> {
  const decoder = new EventStreamDecoder();
  // Leaving is up to `finish`, which knows whether the connection can be used again.
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    const events: ConverseEvent[] = [];
    try {
      for (const frame of decoder.push(chunk as Buffer)) {
        const event = converseEventOf(frame);
        if (event !== undefined) events.push(event);
      }
    } catch (error) {
      if (events.length > 0) yield events;
      throw error;
    }
    if (events.length > 0) yield events;
  }
  decoder.end();
}

async function* sdkBatches(stream: AsyncIterable<object>): AsyncGenerator<readonly ConverseEvent[], void> {
  for await (const event of stream) {
    const [member] = Object.entries(event) as [string, unknown][];
    if (member !== undefined) yield [{ type: member[0], payload: member[1] }];
  }
}

function drain(body: Readable): void {
  const timer = setTimeout(() => body.destroy(), DRAIN_MS);
  timer.unref();
  body.once('close', () => clearTimeout(timer));
  body.resume();
}
