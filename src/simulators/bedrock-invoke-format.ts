import type { AnswerFormat, Generation, GenerationTimes } from './bedrock-generation.ts';
import { paddingOf } from './bedrock-converse-format.ts';
import { encodeEvent } from './event-stream-encoder.ts';
import { Frame, type FrameCache } from './frame.ts';
import type { InvokeVendor } from './invoke-vendor.ts';

/** Answers as InvokeModel and InvokeModelWithResponseStream write them, with the body of one vendor in them. */
export function invokeFormat(vendor: InvokeVendor, cache: FrameCache): AnswerFormat {
  const chunk = (body: unknown): Frame => new Frame(encodeChunk(body));
  return {
    stream: (generation) => ({
      head: vendor.head(generation).map(chunk),
      count: generation.tokens.length,
      token: (index) => {
        const text = generation.tokens[index] ?? '';
        return vendor.isSameForEveryIndex
          ? cache.get(`${vendor.name} ${text}`, () => encodeChunk(vendor.token(text, index, generation)))
          : chunk(vendor.token(text, index, generation));
      },
      tail: (times) => {
        const bodies = vendor.tail(generation);
        return bodies.map((body, index) =>
          chunk(
            index === bodies.length - 1
              ? { ...body, 'amazon-bedrock-invocationMetrics': metricsOf(generation, times) }
              : body,
          ),
        );
      },
    }),
    whole: (generation, { latencyMs }) => ({
      body: vendor.whole(generation),
      headers: {
        'x-amzn-bedrock-input-token-count': String(generation.inputTokens),
        'x-amzn-bedrock-output-token-count': String(generation.tokens.length),
        'x-amzn-bedrock-invocation-latency': String(latencyMs),
      },
    }),
  };
}

function metricsOf({ inputTokens, tokens }: Generation, { latencyMs, firstTokenMs }: GenerationTimes) {
  return {
    inputTokenCount: inputTokens,
    outputTokenCount: tokens.length,
    invocationLatency: latencyMs,
    firstByteLatency: firstTokenMs,
  };
}

function encodeChunk(body: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(body)).toString('base64');
  return encodeEvent('chunk', { bytes, p: paddingOf(bytes) });
}
