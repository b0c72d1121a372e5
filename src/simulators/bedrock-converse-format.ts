import type { AnswerFormat, Generation, GenerationFrames, GenerationTimes } from './bedrock-generation.ts';
import { encodeEvent } from './event-stream-encoder.ts';
import { Frame, type FrameCache } from './frame.ts';

const PADDING = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const SIGNATURE = 'c2ltdWxhdGVk';

/** Answers as Converse and ConverseStream write them. */
export function converseFormat(cache: FrameCache): AnswerFormat {
  return { stream, whole };

  function stream(generation: Generation): GenerationFrames {
    const { reasoning, tokens } = generation;
    const textBlock = reasoning.length === 0 ? 0 : 1;
    return {
      head: [event('messageStart', { role: 'assistant' })],
      count: reasoning.length + tokens.length,
      token: (index) => {
        const reasoned = reasoning[index];
        if (reasoned !== undefined) {
          return event('contentBlockDelta', {
            contentBlockIndex: 0,
            delta: { reasoningContent: { text: reasoned } },
          });
        }
        const frame = textFrame(tokens[index - reasoning.length] ?? '', textBlock);
        return index > 0 && index === reasoning.length
          ? new Frame(Buffer.concat([...endOfReasoning().map(({ bytes }) => bytes), frame.bytes]))
          : frame;
      },
      tail: (times) => [
        ...(reasoning.length > 0 && tokens.length === 0 ? endOfReasoning() : []),
        ...(tokens.length > 0 ? [event('contentBlockStop', { contentBlockIndex: textBlock })] : []),
        event('messageStop', { stopReason: generation.stopReason }),
        event('metadata', { metrics: { latencyMs: times.latencyMs }, usage: usageOf(generation) }),
      ],
    };
  }

  function textFrame(text: string, contentBlockIndex: number): Frame {
    return cache.get(`converse ${contentBlockIndex} ${text}`, () =>
      encodeEvent('contentBlockDelta', { contentBlockIndex, delta: { text }, p: paddingOf(text) }),
    );
  }

  function endOfReasoning(): readonly Frame[] {
    return [
      event('contentBlockDelta', {
        contentBlockIndex: 0,
        delta: { reasoningContent: { signature: SIGNATURE } },
      }),
      event('contentBlockStop', { contentBlockIndex: 0 }),
    ];
  }
}

function whole(generation: Generation, { latencyMs }: GenerationTimes): { readonly body: unknown } {
  const reasoning = generation.reasoning.join('');
  const text = generation.tokens.join('');
  const content = [
    ...(reasoning === ''
      ? []
      : [{ reasoningContent: { reasoningText: { text: reasoning, signature: SIGNATURE } } }]),
    ...(text === '' ? [] : [{ text }]),
  ];
  return {
    body: {
      metrics: { latencyMs },
      output: { message: { content, role: 'assistant' } },
      stopReason: generation.stopReason,
      usage: usageOf(generation),
    },
  };
}

function usageOf({ reasoning, tokens, inputTokens, cacheReadTokens, cacheWriteTokens }: Generation) {
  const outputTokens = reasoning.length + tokens.length;
  return {
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    ...(cacheReadTokens === undefined ? {} : { cacheReadInputTokens: cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteInputTokens: cacheWriteTokens }),
  };
}

/** Every event has a padding of some length, so that its size does not tell how long the word in it is. */
function event(type: string, payload: Readonly<Record<string, unknown>>): Frame {
  return new Frame(encodeEvent(type, { ...payload, p: paddingOf(type) }));
}

/** Padding that depends on a text only, so that equal tokens have equal frames. */
export function paddingOf(text: string): string {
  let hash = text.length;
  for (let index = 0; index < text.length; index += 1) hash = (hash * 31 + text.charCodeAt(index)) % 997;
  return PADDING.slice(0, 1 + (hash % PADDING.length));
}
