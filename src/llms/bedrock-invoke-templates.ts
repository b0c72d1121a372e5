import {
  given,
  type InvokeCodec,
  type InvokeRequest,
  type Json,
  numberAt,
  objectAt,
  objectsAt,
  stopReasonOf,
  textAt,
  withoutMarkers,
} from './bedrock-invoke-body.ts';

/** The markers that a family of Llama was trained with. */
interface LlamaMarkers {
  readonly role: readonly [before: string, after: string];
  readonly end: string;
}

const LLAMA_3: LlamaMarkers = { role: ['<|start_header_id|>', '<|end_header_id|>'], end: '<|eot_id|>' };
const LLAMA_4: LlamaMarkers = { role: ['<|header_start|>', '<|header_end|>'], end: '<|eot|>' };
const LLAMA_MARKER = /<\|/g;

/** Meta's Llama 3. */
export const llama3Codec: InvokeCodec = llamaCodec(LLAMA_3);

/** Meta's Llama 4. */
export const llama4Codec: InvokeCodec = llamaCodec(LLAMA_4);

function llamaCodec(markers: LlamaMarkers): InvokeCodec {
  return {
    body: (request) => {
      const { maxTokens, temperature, topP } = request;
      return given({
        prompt: llamaPrompt(request, markers),
        max_gen_len: maxTokens,
        temperature,
        top_p: topP,
      });
    },
    readWhole: (body) => ({ ...llamaPiece(body), text: textAt(body, 'generation')?.trimStart() }),
    readChunk: llamaPiece,
  };
}

function llamaPrompt(
  { system, messages }: InvokeRequest,
  { role: [before, after], end }: LlamaMarkers,
): string {
  const said = [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...messages];
  const turns = said.map(
    ({ role, content }) => `${before}${role}${after}\n\n${withoutMarkers(content, LLAMA_MARKER)}${end}`,
  );
  return `<|begin_of_text|>${turns.join('')}${before}assistant${after}\n\n`;
}

function llamaPiece(body: Json) {
  return {
    text: textAt(body, 'generation'),
    stopReason: stopReasonOf(textAt(body, 'stop_reason')),
    inputTokens: numberAt(body, 'prompt_token_count'),
    outputTokens: numberAt(body, 'generation_token_count'),
  };
}

const MISTRAL_MARKER = /\[\/?INST\]|<\/?s>/g;

/** Mistral's first models, which read a prompt with markers. */
export const mistralCodec: InvokeCodec = {
  body: (request) => {
    const { maxTokens, temperature, topP, stopSequences } = request;
    return given({
      prompt: mistralPrompt(request),
      max_tokens: maxTokens,
      temperature,
      top_p: topP,
      stop: stopSequences,
    });
  },
  readWhole: (body) => {
    const piece = mistralPiece(body);
    return { ...piece, text: piece.text?.trimStart() };
  },
  readChunk: mistralPiece,
};

/** There is no place for a system prompt: it stands before the first question. */
function mistralPrompt({ system, messages }: InvokeRequest): string {
  const turns = messages.map(({ role, content }, index) => {
    const text = index === 0 && system !== undefined ? `${system}\n\n${content}` : content;
    const safe = withoutMarkers(text, MISTRAL_MARKER);
    return role === 'user' ? `[INST] ${safe} [/INST]` : ` ${safe}</s>`;
  });
  return `<s>${turns.join('')}`;
}

function mistralPiece(body: Json) {
  const [output = {}] = objectsAt(body, 'outputs');
  return { text: textAt(output, 'text'), stopReason: stopReasonOf(textAt(output, 'stop_reason')) };
}

/** Mistral's models from Large 24.07 on, which have a chat. */
export const mistralChatCodec: InvokeCodec = {
  body: ({ system, messages, maxTokens, temperature, topP, stopSequences }) =>
    given({
      messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), ...messages],
      max_tokens: maxTokens,
      temperature,
      top_p: topP,
      stop: stopSequences,
    }),
  readWhole: mistralChatPiece,
  readChunk: mistralChatPiece,
};

function mistralChatPiece(body: Json) {
  const [choice = {}] = objectsAt(body, 'choices');
  const usage = objectAt(body, 'usage');
  return {
    text: textAt(objectAt(choice, 'message'), 'content') ?? textAt(objectAt(choice, 'delta'), 'content'),
    stopReason: stopReasonOf(textAt(choice, 'stop_reason') ?? textAt(choice, 'finish_reason')),
    inputTokens: numberAt(usage, 'prompt_tokens'),
    outputTokens: numberAt(usage, 'completion_tokens'),
  };
}
