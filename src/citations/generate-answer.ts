import type {
  ChatDelta,
  ChatMessage,
  ChatOptions,
  ChatRequest,
  ChatResponse,
  LLM,
  Usage,
} from '../llms/llm.ts';
import { CitationParser } from './citation-parser.ts';
import type { CitationPrompts, PromptSource } from './citation-prompts.ts';

/** What a model writes an answer from. */
export interface GenerateAnswerOptions {
  readonly llm: LLM;
  readonly prompts: CitationPrompts;
  readonly question: string;
  readonly retrievalQuestion?: string;
  /** Never empty. */
  readonly sources: readonly PromptSource[];
  readonly history?: readonly ChatMessage[];
  readonly maxTokens?: number;
  /** Whether the last reply is streamed or waited for. */
  readonly streams: boolean;
  readonly signal?: AbortSignal;
}

/** The answer where nothing was retrieved; no LLM is asked for it. */
export const NOTHING_FOUND: readonly ChatDelta[] = [
  { type: 'text', text: 'Nothing about this question was found in the documents.' },
  { type: 'end', stopReason: 'no_sources', usage: { inputTokens: 0, outputTokens: 0 } },
];

/**
 * Asks the model once where all sources fit into its context window. Where they do not, the answer to the first ones is
 * refined with the next, in document order, and only the last reply reaches the reader; usage is the sum of all calls.
 * A refine reply without text keeps the answer before it.
 */
export async function* generateAnswer(options: GenerateAnswerOptions): AsyncGenerator<ChatDelta, void> {
  const { llm, prompts, question, sources, signal, maxTokens } = options;
  const chatOptions: ChatOptions = signal === undefined ? {} : { signal };
  const fixed = {
    question,
    retrievalQuestion: options.retrievalQuestion ?? question,
    history: options.history ?? [],
    ...(maxTokens === undefined ? {} : { maxTokens }),
  };
  let existingAnswer: string | undefined;
  let usage: Usage = { inputTokens: 0, outputTokens: 0 };
  let next = prompts.next({ ...fixed, sources });
  while (next.rest.length > 0) {
    const reply = await wholeReply(llm, next.request, chatOptions);
    usage = add(usage, reply.usage);
    const text = withoutUnknownCitations(reply.text, sources.length).trim();
    if (text !== '') existingAnswer = text;
    next = prompts.next({
      ...fixed,
      sources: next.rest,
      ...(existingAnswer === undefined ? {} : { existingAnswer }),
    });
  }

  let isEmpty = true;
  const deltas =
    options.streams || !llm.capabilities.chat
      ? llm.streamChat(next.request, chatOptions)
      : replyAsDeltas(await llm.chat(next.request, chatOptions));
  for await (const delta of deltas) {
    if (delta.type === 'text') {
      isEmpty &&= delta.text.trim() === '';
      yield delta;
    } else if (delta.type === 'end') {
      if (isEmpty && existingAnswer !== undefined) yield { type: 'text', text: existingAnswer };
      yield { ...delta, usage: add(usage, delta.usage) };
      return;
    }
  }
}

async function wholeReply(llm: LLM, request: ChatRequest, options: ChatOptions): Promise<ChatResponse> {
  if (llm.capabilities.chat) return llm.chat(request, options);
  let text = '';
  for await (const delta of llm.streamChat(request, options)) {
    if (delta.type === 'end') return { text, stopReason: delta.stopReason, usage: delta.usage };
    if (delta.type === 'text') text += delta.text;
  }
  throw new Error(`The LLM ${llm.name} broke off before its answer was complete.`);
}

function replyAsDeltas({ text, stopReason, usage }: ChatResponse): readonly ChatDelta[] {
  return [
    { type: 'text', text },
    { type: 'end', stopReason, usage },
  ];
}

function withoutUnknownCitations(text: string, sourceCount: number): string {
  const parser = new CitationParser(sourceCount);
  const pieces = [...parser.push(text), ...parser.end()];
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
}

function add(a: Usage, b: Usage): Usage {
  return { inputTokens: a.inputTokens + b.inputTokens, outputTokens: a.outputTokens + b.outputTokens };
}
