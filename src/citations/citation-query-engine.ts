import type { ScoredChunk } from '../documents/document.ts';
import { CitestreamError, NotImplementedError, toCitestreamError } from '../errors.ts';
import type { ChatDelta, ChatMessage, GroundingSource, LLM } from '../llms/llm.ts';
import type { RetrieveOptions, Retriever } from '../retrieval/retriever.ts';
import type { Source } from './citation.ts';
import { CitationPrompts } from './citation-prompts.ts';
import type { QaVariable, RefineVariable } from './citation-templates.ts';
import { CitedAnswer } from './cited-answer.ts';
import { collectResult } from './collect-result.ts';
import { generateAnswer, NOTHING_FOUND } from './generate-answer.ts';
import { lexicalSupportCheck } from './lexical-support-check.ts';
import { numberSources, type SourceSizes } from './number-sources.ts';
import type { PromptTemplate } from './prompt-template.ts';
import type { QueryEvent, QueryResult } from './query-event.ts';
import type { SupportCheck } from './support-check.ts';

/** The parts and settings of a query engine. */
export interface CitationQueryEngineOptions {
  readonly retriever: Retriever;
  readonly llm: LLM;
  /** How long a numbered source may be, in tokens. @default 512 */
  readonly citationChunkSize?: number;
  /** How much two sources of one chunk overlap, in tokens. @default 20 */
  readonly citationChunkOverlap?: number;
  /** Takes the place of the citation prompt; uses `{context}` and `{question}`. */
  readonly qaTemplate?: PromptTemplate<QaVariable>;
  /** Takes the place of the refine prompt; uses `{existing_answer}` as well. */
  readonly refineTemplate?: PromptTemplate<RefineVariable>;
  /** Marks each citation. @default lexicalSupportCheck */
  readonly supportCheck?: SupportCheck;
  /** Milliseconds that only grow. @default performance.now */
  readonly clock?: () => number;
}

/** What an answer may depend on besides its question. */
export interface SynthesizeOptions {
  readonly signal?: AbortSignal;
  /** The conversation so far, oldest first, without the question. */
  readonly history?: readonly ChatMessage[];
  /** The question the sources are found with, where the question itself leans on the conversation. */
  readonly retrievalQuestion?: string;
  /** How long the answer may be. */
  readonly maxTokens?: number;
}

/** What one question may change. */
export interface QueryOptions extends SynthesizeOptions, RetrieveOptions {}

interface Run {
  readonly question: string;
  readonly options: QueryOptions;
  /** What was retrieved already; absent where it is part of the run. */
  readonly chunks?: readonly ScoredChunk[];
  readonly streams: boolean;
}

/** Answers questions from retrieved chunks, with numbered sources and a checked citation for each `[n]`. */
export class CitationQueryEngine {
  readonly #retriever: Retriever;
  readonly #llm: LLM;
  readonly #sizes: SourceSizes;
  readonly #prompts: CitationPrompts;
  readonly #supportCheck: SupportCheck;
  readonly #clock: () => number;

  /** Throws `InvalidInputError` where a template lacks a variable or has an unknown one. */
  constructor(options: CitationQueryEngineOptions) {
    this.#retriever = options.retriever;
    this.#llm = options.llm;
    this.#sizes = {
      chunkSize: options.citationChunkSize ?? 512,
      chunkOverlap: options.citationChunkOverlap ?? 20,
    };
    this.#prompts = new CitationPrompts({
      contextWindow: options.llm.capabilities.contextWindow,
      qaTemplate: options.qaTemplate,
      refineTemplate: options.refineTemplate,
    });
    this.#supportCheck = options.supportCheck ?? lexicalSupportCheck;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** The chunks that may answer, best first, not yet split into sources. */
  async retrieve(question: string, options: RetrieveOptions = {}): Promise<readonly ScoredChunk[]> {
    return this.#retriever.retrieve(question, options);
  }

  /** Answers from chunks that are here already. */
  async synthesize(
    question: string,
    chunks: readonly ScoredChunk[],
    options: SynthesizeOptions = {},
  ): Promise<QueryResult> {
    return collectResult(this.#run({ question, chunks, options, streams: false }));
  }

  /** Retrieves and answers; the same answer that `streamQuery` streams. */
  async query(question: string, options: QueryOptions = {}): Promise<QueryResult> {
    return collectResult(this.#run({ question, options, streams: false }));
  }

  /**
   * Retrieves and answers as a stream: sources, then tokens and citations, then `done`; a failure is thrown. Leaving the
   * loop or aborting the signal ends the upstream call. Throws `NotImplementedError` at the call where the LLM cannot
   * stream.
   */
  streamQuery(question: string, options: QueryOptions = {}): AsyncIterable<QueryEvent> {
    if (!this.#llm.capabilities.streamChat) {
      throw new NotImplementedError(
        `The LLM ${this.#llm.name} cannot stream its answers: use query(), or an LLM that can.`,
      );
    }
    return this.#run({ question, options, streams: true });
  }

  async *#run({ question, options, chunks, streams }: Run): AsyncGenerator<QueryEvent, void> {
    const { signal } = options;
    const startedAt = this.#clock();
    const elapsedMs = (): number => Math.round((this.#clock() - startedAt) * 10) / 10;
    signal?.throwIfAborted();
    const found =
      chunks ?? (await this.retrieve(options.retrievalQuestion ?? question, retrieveOptions(options)));
    const retrievalMs = chunks === undefined ? elapsedMs() : 0;
    const sources = await numberSources(found, this.#sizes);
    yield { type: 'sources', sources };

    const answer = new CitedAnswer({ sources, supportCheck: this.#supportCheck });
    const deltas =
      sources.length === 0
        ? NOTHING_FOUND
        : generateAnswer({
            llm: this.#llm,
            prompts: this.#prompts,
            question,
            sources: sources.map(groundingOf),
            streams,
            ...options,
          });
    let firstTokenMs: number | undefined;
    let end: Extract<ChatDelta, { readonly type: 'end' }> | undefined;
    try {
      for await (const delta of deltas) {
        signal?.throwIfAborted();
        if (delta.type === 'end') {
          end = delta;
          break;
        }
        for (const event of answer.push(delta.text)) {
          firstTokenMs ??= elapsedMs();
          yield event;
        }
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      // What was written before the failure is the reader's, a held-back bracket included.
      yield* answer.end();
      throw toCitestreamError(thrown, 'LLM_FAILED');
    }
    signal?.throwIfAborted();
    for (const event of answer.end()) {
      firstTokenMs ??= elapsedMs();
      yield event;
    }
    if (end === undefined) {
      throw new CitestreamError(
        'LLM_FAILED',
        `The LLM ${this.#llm.name} broke off before its answer was complete.`,
      );
    }
    const totalMs = elapsedMs();
    yield {
      type: 'done',
      finishReason: end.stopReason,
      usage: end.usage,
      cited: answer.cited,
      timings: { retrievalMs, firstTokenMs: firstTokenMs ?? totalMs, totalMs },
    };
  }
}

function groundingOf({ id, text, title, heading }: Source): GroundingSource {
  return heading === undefined ? { id, text, title } : { id, text, title, heading };
}

function retrieveOptions({ signal, topK, filters }: QueryOptions): RetrieveOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(topK === undefined ? {} : { topK }),
    ...(filters === undefined ? {} : { filters }),
  };
}
