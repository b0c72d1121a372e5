import { estimateTokens } from './estimate-tokens.ts';
import type { ChatRequest, Usage } from './llm.ts';

const CHARACTERS_A_TOKEN = 4;

/** About what a call cost, for servers that do not tell. */
export function estimateUsage(request: ChatRequest, writtenCharacters: number): Usage {
  const { system = '', messages } = request;
  const read = messages.reduce((sum, { content }) => sum + estimateTokens(content), estimateTokens(system));
  return {
    inputTokens: Math.max(1, read),
    outputTokens: Math.max(1, Math.ceil(writtenCharacters / CHARACTERS_A_TOKEN)),
  };
}
