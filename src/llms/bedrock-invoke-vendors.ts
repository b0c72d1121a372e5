import {
  asDialogue,
  given,
  type InvokeCodec,
  type InvokePiece,
  type Json,
  numberAt,
  objectAt,
  objectsAt,
  stopReasonOf,
  textAt,
} from './bedrock-invoke-body.ts';

/** Anthropic's Messages API as Bedrock has it. */
export const anthropicCodec: InvokeCodec = {
  body: ({ system, messages, maxTokens, temperature, topP, stopSequences }) =>
    given({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: maxTokens,
      system,
      messages: messages.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] })),
      temperature,
      top_p: topP,
      stop_sequences: stopSequences,
    }),
  readWhole: (body) => {
    const blocks = objectsAt(body, 'content');
    return {
      text: blocks.map((block) => textAt(block, 'text') ?? '').join(''),
      reasoning: blocks.map((block) => textAt(block, 'thinking') ?? '').join('') || undefined,
      stopReason: stopReasonOf(textAt(body, 'stop_reason')),
      ...anthropicUsage(objectAt(body, 'usage')),
    };
  },
  readChunk: (chunk) => {
    const delta = objectAt(chunk, 'delta');
    switch (chunk['type']) {
      case 'message_start': {
        // Its count of output tokens is only the first one.
        const { outputTokens: _first, ...usage } = anthropicUsage(
          objectAt(objectAt(chunk, 'message'), 'usage'),
        );
        return usage;
      }
      case 'content_block_delta':
        return { text: textAt(delta, 'text'), reasoning: textAt(delta, 'thinking') };
      case 'message_delta': {
        const outputTokens = numberAt(objectAt(chunk, 'usage'), 'output_tokens');
        return { stopReason: stopReasonOf(textAt(delta, 'stop_reason')), outputTokens };
      }
      default:
        return {};
    }
  },
};

function anthropicUsage(usage: Json): InvokePiece {
  const cacheReadTokens = numberAt(usage, 'cache_read_input_tokens') || undefined;
  const cacheWriteTokens = numberAt(usage, 'cache_creation_input_tokens') || undefined;
  const inputTokens = numberAt(usage, 'input_tokens');
  return {
    inputTokens:
      inputTokens === undefined ? undefined : inputTokens + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: numberAt(usage, 'output_tokens'),
    cacheReadTokens,
    cacheWriteTokens,
  };
}

/** Amazon's Titan Text, which goes on writing a dialogue. */
export const titanCodec: InvokeCodec = {
  body: ({ system, messages, maxTokens, temperature, topP, stopSequences }) => ({
    inputText: asDialogue(system, messages, { user: 'User', assistant: 'Bot' }),
    textGenerationConfig: given({ maxTokenCount: maxTokens, temperature, topP, stopSequences }),
  }),
  readWhole: (body) => {
    const [result = {}] = objectsAt(body, 'results');
    return {
      // Behind `Bot:` it begins with a space or a line.
      text: textAt(result, 'outputText')?.trimStart(),
      stopReason: stopReasonOf(textAt(result, 'completionReason')),
      inputTokens: numberAt(body, 'inputTextTokenCount'),
      outputTokens: numberAt(result, 'tokenCount'),
    };
  },
  readChunk: (chunk) => ({
    text: textAt(chunk, 'outputText'),
    stopReason: stopReasonOf(textAt(chunk, 'completionReason')),
    inputTokens: numberAt(chunk, 'inputTextTokenCount'),
    outputTokens: numberAt(chunk, 'totalOutputTextTokenCount'),
  }),
};

/** Cohere's Command R, which has a chat of its own. */
export const cohereChatCodec: InvokeCodec = {
  body: ({ system, messages, maxTokens, temperature, topP, stopSequences }) =>
    given({
      message: messages.at(-1)?.content,
      chat_history: messages
        .slice(0, -1)
        .map(({ role, content }) => ({ role: role === 'user' ? 'USER' : 'CHATBOT', message: content })),
      preamble: system,
      max_tokens: maxTokens,
      temperature,
      p: topP,
      stop_sequences: stopSequences,
    }),
  readWhole: (body) => ({
    text: textAt(body, 'text'),
    stopReason: stopReasonOf(textAt(body, 'finish_reason')),
  }),
  readChunk: (chunk) =>
    chunk['event_type'] === 'text-generation'
      ? { text: textAt(chunk, 'text') }
      : { stopReason: stopReasonOf(textAt(chunk, 'finish_reason')) },
};

/** Cohere's Command before it, which goes on writing a dialogue. */
export const cohereCodec: InvokeCodec = {
  body: ({ system, messages, maxTokens, temperature, topP, stopSequences }) =>
    given({
      prompt: asDialogue(system, messages, { user: 'User', assistant: 'Chatbot' }),
      max_tokens: maxTokens,
      temperature,
      p: topP,
      stop_sequences: stopSequences,
    }),
  readWhole: (body) => {
    const [generation = {}] = objectsAt(body, 'generations');
    return {
      text: textAt(generation, 'text')?.trimStart(),
      stopReason: stopReasonOf(textAt(generation, 'finish_reason')),
    };
  },
  readChunk: (chunk) => ({
    text: textAt(chunk, 'text'),
    stopReason: stopReasonOf(textAt(chunk, 'finish_reason')),
  }),
};
