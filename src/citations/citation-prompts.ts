import { CitestreamError } from '../errors.ts';
import { estimateTokens } from '../llms/estimate-tokens.ts';
import type { ChatMessage, ChatRequest, GroundingSource } from '../llms/llm.ts';
import {
  CITATION_QA_TEMPLATE,
  CITATION_REFINE_TEMPLATE,
  type QaVariable,
  type RefineVariable,
} from './citation-templates.ts';
import { compileTemplate, type PromptTemplate } from './prompt-template.ts';

/** A source as a prompt shows it; one that had to be cut is shown in parts, each under its own number again. */
export type PromptSource = GroundingSource;

/** What the next prompt is made of. */
export interface PromptParts {
  readonly question: string;
  /** The question the sources were found with, where it is another. */
  readonly retrievalQuestion: string;
  /** Never empty. */
  readonly sources: readonly PromptSource[];
  readonly history: readonly ChatMessage[];
  /** The answer of the prompts before, absent in the first. */
  readonly existingAnswer?: string;
  readonly maxTokens?: number;
}

/** A prompt, and the sources that had no room in it. */
export interface NextPrompt {
  readonly request: ChatRequest;
  readonly rest: readonly PromptSource[];
}

/** The prompts' templates and the room there is for one. */
export interface CitationPromptsOptions {
  readonly contextWindow: number;
  readonly qaTemplate?: PromptTemplate<QaVariable> | undefined;
  readonly refineTemplate?: PromptTemplate<RefineVariable> | undefined;
}

const MAX_REPLY_TOKENS = 1024;
/** The estimate is one; this much of the room is left free. */
const SHARE_USED = 0.9;
const MIN_ROOM_TOKENS = 48;

/** Makes the prompts of one answer: one where all sources fit, several that refine the answer where they do not. */
export class CitationPrompts {
  readonly #contextWindow: number;
  readonly #qa: (values: Readonly<Record<QaVariable, string>>) => string;
  readonly #refine: (values: Readonly<Record<RefineVariable, string>>) => string;

  constructor({
    contextWindow,
    qaTemplate = CITATION_QA_TEMPLATE,
    refineTemplate = CITATION_REFINE_TEMPLATE,
  }: CitationPromptsOptions) {
    this.#contextWindow = contextWindow;
    this.#qa = compileTemplate(qaTemplate, { field: 'qaTemplate', names: ['context', 'question'] });
    this.#refine = compileTemplate(refineTemplate, {
      field: 'refineTemplate',
      names: ['context', 'question', 'existing_answer'],
    });
  }

  /** The prompt for as many of the sources, in their order, as have room. Throws TOO_LARGE where none has. */
  next(parts: PromptParts): NextPrompt {
    const history = fromFirstQuestion(parts.history);
    const { taken, rest } = takeSources(parts.sources, this.#roomForSources(parts, history));
    return {
      rest,
      request: {
        messages: [...history, { role: 'user', content: this.#write(parts, showSources(taken)) }],
        grounding: { question: parts.retrievalQuestion, sources: taken },
        ...(parts.maxTokens === undefined ? {} : { maxTokens: parts.maxTokens }),
      },
    };
  }

  #write({ question, existingAnswer }: PromptParts, context: string): string {
    return existingAnswer === undefined
      ? this.#qa({ context, question })
      : this.#refine({ context, question, existing_answer: existingAnswer });
  }

  #roomForSources(parts: PromptParts, history: readonly ChatMessage[]): number {
    const reply = parts.maxTokens ?? Math.min(MAX_REPLY_TOKENS, Math.floor(this.#contextWindow / 4));
    const fixed = [this.#write(parts, ''), ...history.map(({ content }) => content)];
    const used = fixed.reduce((tokens, text) => tokens + estimateTokens(text), reply);
    const room = Math.floor((this.#contextWindow - used) * SHARE_USED);
    if (room >= MIN_ROOM_TOKENS) return room;
    throw new CitestreamError(
      'TOO_LARGE',
      `The question, its conversation and the reply need about ${used} of the model's ${this.#contextWindow} tokens, which leaves no room for sources. Ask a shorter question, or use a model with a larger context window.`,
    );
  }
}

function fromFirstQuestion(history: readonly ChatMessage[]): readonly ChatMessage[] {
  const first = history.findIndex(({ role }) => role === 'user');
  return first === -1 ? [] : history.slice(first);
}

function showSource({ id, text }: PromptSource): string {
  return `Source ${id}:\n${text.trim()}`;
}

function showSources(sources: readonly PromptSource[]): string {
  return sources.map(showSource).join('\n\n');
}

function takeSources(
  sources: readonly PromptSource[],
  roomTokens: number,
): { readonly taken: readonly PromptSource[]; readonly rest: readonly PromptSource[] } {
  let room = roomTokens;
  let count = 0;
  for (const source of sources) {
    room -= estimateTokens(showSource(source)) + 1;
    if (room < 0) break;
    count += 1;
  }
  if (count > 0) return { taken: sources.slice(0, count), rest: sources.slice(count) };
  const [first, ...others] = sources;
  if (first === undefined) return { taken: [], rest: [] };
  const end = endWithin(first.text, roomTokens - estimateTokens(showSource({ ...first, text: '' })) - 1);
  return {
    taken: [{ ...first, text: first.text.slice(0, end) }],
    rest: [{ ...first, text: first.text.slice(end) }, ...others].filter(({ text }) => text.trim() !== ''),
  };
}

/** Where a text has to be cut to keep to so many tokens: behind white space where there is some, in no character. */
function endWithin(text: string, tokens: number): number {
  let end = Math.max(1, tokens);
  while (end < text.length && estimateTokens(text.slice(0, end + end)) <= tokens) end += end;
  while (end < text.length && estimateTokens(text.slice(0, end + 16)) <= tokens) end += 16;
  if (end >= text.length) return text.length;
  const space = text.slice(0, end).search(/\s\S*$/);
  if (space > end / 2) return space + 1;
  const isInCharacter = (text.codePointAt(end - 1) ?? 0) > 0xff_ff;
  return isInCharacter ? end + 1 : end;
}
