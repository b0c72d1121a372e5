import { type Json, object, objects, textOf } from './bedrock-request.ts';
import {
  bareModelId,
  type InvokeVendor,
  missing,
  reason,
  request,
  required,
  textOfAnswer,
} from './invoke-vendor.ts';

/** The vendor whose bodies a model takes; nothing where InvokeModel is not simulated for it. */
export function vendorOf(modelId: string, body: Json): InvokeVendor | undefined {
  const model = bareModelId(modelId);
  if (model.startsWith('anthropic.')) return anthropic;
  if (model.startsWith('amazon.titan-text') || model.startsWith('amazon.titan-tg1')) return titan;
  if (model.startsWith('meta.')) return llama;
  if (model.startsWith('mistral.')) return 'messages' in body ? mistralChat : mistral;
  if (model.startsWith('cohere.command-r')) return cohereChat;
  if (model.startsWith('cohere.command')) return cohere;
  return undefined;
}

const anthropic: InvokeVendor = {
  name: 'anthropic',
  read: (body) => {
    if (typeof body['anthropic_version'] !== 'string') throw missing('anthropic_version');
    if (body['max_tokens'] === undefined) throw missing('max_tokens');
    const messages = objects(body['messages']);
    if (messages.length === 0) throw missing('messages');
    const system = typeof body['system'] === 'string' ? body['system'] : textOf({ content: body['system'] });
    return request(textOf(messages.at(-1)), [system, ...messages.map(textOf)].join('\n'), {
      maxTokens: body['max_tokens'],
      stopSequences: body['stop_sequences'],
    });
  },
  head: ({ requestId, modelId, inputTokens }) => [
    {
      type: 'message_start',
      message: {
        id: `msg_bdrk_${requestId}`,
        type: 'message',
        role: 'assistant',
        model: bareModelId(modelId),
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: inputTokens, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ],
  token: (text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  isSameForEveryIndex: true,
  tail: ({ stopReason, stopSequence, tokens }) => [
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason, stop_sequence: stopSequence ?? null },
      usage: { output_tokens: tokens.length },
    },
    { type: 'message_stop' },
  ],
  whole: (generation) => ({
    id: `msg_bdrk_${generation.requestId}`,
    type: 'message',
    role: 'assistant',
    model: bareModelId(generation.modelId),
    content: [{ type: 'text', text: textOfAnswer(generation) }],
    stop_reason: generation.stopReason,
    stop_sequence: generation.stopSequence ?? null,
    usage: { input_tokens: generation.inputTokens, output_tokens: generation.tokens.length },
  }),
};

const titan: InvokeVendor = {
  name: 'titan',
  read: (body) => {
    const prompt = required(body, 'inputText');
    const { maxTokenCount, stopSequences } = object(body['textGenerationConfig']);
    return request(prompt, prompt, { maxTokens: maxTokenCount, stopSequences });
  },
  head: () => [],
  token: (text, index, { inputTokens }) => ({
    outputText: text,
    index: 0,
    totalOutputTextTokenCount: index + 1,
    completionReason: null,
    inputTextTokenCount: index === 0 ? inputTokens : null,
  }),
  isSameForEveryIndex: false,
  tail: (generation) => [
    {
      outputText: '',
      index: 0,
      totalOutputTextTokenCount: generation.tokens.length,
      completionReason: reason(generation, { stop: 'FINISH', length: 'LENGTH' }),
      inputTextTokenCount: null,
    },
  ],
  whole: (generation) => ({
    inputTextTokenCount: generation.inputTokens,
    results: [
      {
        tokenCount: generation.tokens.length,
        outputText: textOfAnswer(generation),
        completionReason: reason(generation, { stop: 'FINISH', length: 'LENGTH' }),
      },
    ],
  }),
};

const llama: InvokeVendor = {
  name: 'llama',
  read: (body) => {
    const prompt = required(body, 'prompt');
    return request(prompt, prompt, { maxTokens: body['max_gen_len'], stopSequences: undefined });
  },
  head: () => [],
  token: (text, index, { inputTokens }) => ({
    generation: text,
    prompt_token_count: index === 0 ? inputTokens : null,
    generation_token_count: index + 1,
    stop_reason: null,
  }),
  isSameForEveryIndex: false,
  tail: (generation) => [
    {
      generation: '',
      prompt_token_count: null,
      generation_token_count: generation.tokens.length,
      stop_reason: reason(generation, { stop: 'stop', length: 'length' }),
    },
  ],
  whole: (generation) => ({
    generation: textOfAnswer(generation),
    prompt_token_count: generation.inputTokens,
    generation_token_count: generation.tokens.length,
    stop_reason: reason(generation, { stop: 'stop', length: 'length' }),
  }),
};

const mistral: InvokeVendor = {
  name: 'mistral',
  read: (body) => {
    const prompt = required(body, 'prompt');
    return request(prompt, prompt, { maxTokens: body['max_tokens'], stopSequences: body['stop'] });
  },
  head: () => [],
  token: (text) => ({ outputs: [{ text, stop_reason: null }] }),
  isSameForEveryIndex: true,
  tail: (generation) => [
    { outputs: [{ text: '', stop_reason: reason(generation, { stop: 'stop', length: 'length' }) }] },
  ],
  whole: (generation) => ({
    outputs: [
      { text: textOfAnswer(generation), stop_reason: reason(generation, { stop: 'stop', length: 'length' }) },
    ],
  }),
};

const mistralChat: InvokeVendor = {
  name: 'mistral-chat',
  read: (body) => {
    const messages = objects(body['messages']);
    if (messages.length === 0) throw missing('messages');
    return request(textOf(messages.at(-1)), messages.map(textOf).join('\n'), {
      maxTokens: body['max_tokens'],
      stopSequences: body['stop'],
    });
  },
  head: () => [],
  token: (text) => ({
    choices: [{ index: 0, message: { role: 'assistant', content: text }, stop_reason: null }],
  }),
  isSameForEveryIndex: true,
  tail: (generation) => [
    {
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: '' },
          stop_reason: reason(generation, { stop: 'stop', length: 'length' }),
        },
      ],
    },
  ],
  whole: (generation) => ({
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: textOfAnswer(generation) },
        stop_reason: reason(generation, { stop: 'stop', length: 'length' }),
      },
    ],
  }),
};

const cohere: InvokeVendor = {
  name: 'cohere',
  read: (body) => {
    const prompt = required(body, 'prompt');
    return request(prompt, prompt, { maxTokens: body['max_tokens'], stopSequences: body['stop_sequences'] });
  },
  head: () => [],
  token: (text) => ({ text, is_finished: false }),
  isSameForEveryIndex: true,
  tail: (generation) => [
    { is_finished: true, finish_reason: reason(generation, { stop: 'COMPLETE', length: 'MAX_TOKENS' }) },
  ],
  whole: (generation) => ({
    id: generation.requestId,
    prompt: generation.prompt,
    generations: [
      {
        id: generation.requestId,
        text: textOfAnswer(generation),
        finish_reason: reason(generation, { stop: 'COMPLETE', length: 'MAX_TOKENS' }),
      },
    ],
  }),
};

const cohereChat: InvokeVendor = {
  name: 'cohere-chat',
  read: (body) => {
    const prompt = required(body, 'message');
    const history = objects(body['chat_history']).map(({ message }) =>
      typeof message === 'string' ? message : '',
    );
    const preamble = typeof body['preamble'] === 'string' ? body['preamble'] : '';
    return request(prompt, [preamble, ...history, prompt].join('\n'), {
      maxTokens: body['max_tokens'],
      stopSequences: body['stop_sequences'],
    });
  },
  head: ({ requestId }) => [{ is_finished: false, event_type: 'stream-start', generation_id: requestId }],
  token: (text) => ({ is_finished: false, event_type: 'text-generation', text }),
  isSameForEveryIndex: true,
  tail: (generation) => {
    const finish_reason = reason(generation, { stop: 'COMPLETE', length: 'MAX_TOKENS' });
    const response = { response_id: generation.requestId, text: textOfAnswer(generation), finish_reason };
    return [{ is_finished: true, event_type: 'stream-end', finish_reason, response }];
  },
  whole: (generation) => ({
    response_id: generation.requestId,
    generation_id: generation.requestId,
    text: textOfAnswer(generation),
    chat_history: [
      { role: 'USER', message: generation.prompt },
      { role: 'CHATBOT', message: textOfAnswer(generation) },
    ],
    finish_reason: reason(generation, { stop: 'COMPLETE', length: 'MAX_TOKENS' }),
  }),
};
