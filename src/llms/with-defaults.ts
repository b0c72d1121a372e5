import type { ChatRequest, LLM } from './llm.ts';

/** What every request gets that says nothing of it. */
export type RequestDefaults = Pick<ChatRequest, 'maxTokens' | 'temperature' | 'topP' | 'stopSequences'>;

/** The same LLM, asked with the settings of the house where a request has none of its own. */
export function withDefaults(llm: LLM, defaults: RequestDefaults): LLM {
  const filled = (request: ChatRequest): ChatRequest => ({ ...defaults, ...request });
  return {
    name: llm.name,
    capabilities: llm.capabilities,
    chat: async (request, options) => llm.chat(filled(request), options),
    streamChat: (request, options) => llm.streamChat(filled(request), options),
    chatSync: (request) => llm.chatSync(filled(request)),
    streamChatSync: (request) => llm.streamChatSync(filled(request)),
    [Symbol.asyncDispose]: async () => llm[Symbol.asyncDispose]?.(),
  };
}
