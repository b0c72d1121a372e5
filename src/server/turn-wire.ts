import { z } from 'zod';

import type { TurnRecord } from '../chat/history-store.ts';
import type { FinishReason, TurnEvent, TurnTimings } from '../chat/turn-event.ts';
import type { Citation, Source } from '../citations/citation.ts';
import type { Usage } from '../llms/llm.ts';
import { apiSchemas, count, timestamp } from './api-schemas.ts';
import { PREVIEW_CHARS, previewOf } from './preview.ts';
import { publicMessage } from './problem.ts';

const sourceSchema = z
  .object({
    id: z.int().min(1).describe('The n of [n].'),
    chunk_id: z.string(),
    document_id: z.string(),
    title: z.string(),
    uri: z.string(),
    page: z.int().min(1).optional(),
    heading: z.string().optional(),
    start: count().describe("Offset into the document's text, in UTF-16 units."),
    end: count(),
    score: z.number(),
    preview: z.string().max(PREVIEW_CHARS).describe('The whole passage is at /chunks/{chunk_id}.'),
  })
  .register(apiSchemas, { id: 'Source' });

const citationSchema = z
  .object({
    id: z.int().min(1).describe("The source's id."),
    chunk_id: z.string(),
    at: count().describe("The marker's offset in the answer, in UTF-16 units."),
    support: z.enum(['supported', 'weak', 'unsupported', 'unchecked']),
  })
  .register(apiSchemas, { id: 'Citation' });

const usageSchema = z.object({ input_tokens: count(), output_tokens: count() });

const timingsSchema = z.object({
  queue_ms: z.number(),
  retrieval_ms: z.number(),
  first_token_ms: z.number(),
  total_ms: z.number(),
});

const finishReasonSchema = z.enum(['stop', 'length', 'content_filter', 'no_sources', 'stopped']);
const modeSchema = z.enum(['async', 'hybrid', 'sync', 'sequential']);
const failureSchema = z.object({ code: z.string(), message: z.string() });

const doneShape = {
  finish_reason: finishReasonSchema,
  usage: usageSchema,
  timings: timingsSchema,
  cited: z.array(z.int()),
};

/** The data of each event of a turn's stream, by the event's name. */
export const turnEventSchemas = {
  turn: z.object({ turn_id: z.string(), session_id: z.string(), mode: modeSchema }),
  queued: z.object({ position: count(), eta_ms: z.number() }),
  sources: z.object({ sources: z.array(sourceSchema) }),
  token: z.object({ text: z.string() }),
  citation: citationSchema,
  done: z.object(doneShape),
  error: failureSchema.extend({ retryable: z.boolean() }),
} as const satisfies Record<TurnEvent['type'], z.ZodType>;

for (const [name, schema] of Object.entries(turnEventSchemas)) {
  if (schema !== citationSchema) apiSchemas.add(schema, { id: `TurnEvent_${name}` });
}

/** A whole turn as one object. */
export const chatAnswerSchema = z
  .object({
    turn_id: z.string(),
    session_id: z.string(),
    mode: modeSchema,
    answer: z.string(),
    sources: z.array(sourceSchema),
    citations: z.array(citationSchema),
    ...doneShape,
  })
  .register(apiSchemas, { id: 'ChatAnswer' });

/** A turn of a session's past. */
export const turnSchema = z
  .object({
    turn_id: z.string(),
    question: z.string(),
    created_at: timestamp(),
    status: z.enum(['running', 'complete', 'partial', 'failed']),
    answer: z.string(),
    sources: z.array(sourceSchema),
    citations: z.array(citationSchema),
    finish_reason: finishReasonSchema.optional(),
    usage: usageSchema.optional(),
    timings: timingsSchema.optional(),
    error: failureSchema.optional(),
  })
  .register(apiSchemas, { id: 'Turn' });

type Done = Extract<TurnEvent, { type: 'done' }>;

/** The data of one event as it goes over the wire; the event's name is its type. */
export function turnEventData(event: TurnEvent): object {
  switch (event.type) {
    case 'turn':
      return { turn_id: event.turnId, session_id: event.sessionId, mode: event.mode };
    case 'queued':
      return { position: event.position, eta_ms: event.etaMs };
    case 'sources':
      return { sources: event.sources.map(sourceData) };
    case 'token':
      return { text: event.text };
    case 'citation':
      return citationData(event.citation);
    case 'done':
      return doneData(event);
    case 'error':
      return { code: event.code, message: publicMessage(event), retryable: event.retryable };
    default:
      return event satisfies never;
  }
}

/** What `done` says of a turn. */
export function doneData({ finishReason, usage, timings, cited }: Done) {
  return {
    finish_reason: finishReason satisfies FinishReason,
    usage: usageData(usage),
    timings: timingsData(timings),
    cited: [...cited],
  };
}

/** A source without its text: the passage is fetched when somebody looks. */
export function sourceData(source: Source): z.output<typeof sourceSchema> {
  return {
    id: source.id,
    chunk_id: source.chunkId,
    document_id: source.documentId,
    title: source.title,
    uri: source.uri,
    ...(source.page !== undefined && { page: source.page }),
    ...(source.heading !== undefined && { heading: source.heading }),
    start: source.start,
    end: source.end,
    score: source.score,
    preview: previewOf(source.text),
  };
}

/** A checked `[n]`. */
export function citationData({ id, chunkId, at, support }: Citation): z.output<typeof citationSchema> {
  return { id, chunk_id: chunkId, at, support };
}

/** A stored turn, the same as it was streamed. */
export function turnData({
  turnId,
  question,
  createdAt,
  status,
  outcome,
}: TurnRecord): z.output<typeof turnSchema> {
  const { finishReason, usage, timings, error } = outcome ?? {};
  return {
    turn_id: turnId,
    question,
    created_at: createdAt,
    status,
    answer: outcome?.answer ?? '',
    sources: (outcome?.sources ?? []).map(sourceData),
    citations: (outcome?.citations ?? []).map(citationData),
    ...(finishReason !== undefined && { finish_reason: finishReason }),
    ...(usage !== undefined && { usage: usageData(usage) }),
    ...(timings !== undefined && { timings: timingsData(timings) }),
    ...(error !== undefined && { error: { code: error.code, message: publicMessage(error) } }),
  };
}

const usageData = ({ inputTokens, outputTokens }: Usage) => ({
  input_tokens: inputTokens,
  output_tokens: outputTokens,
});

const timingsData = ({ queueMs, retrievalMs, firstTokenMs, totalMs }: TurnTimings) => ({
  queue_ms: queueMs,
  retrieval_ms: retrievalMs,
  first_token_ms: firstTokenMs,
  total_ms: totalMs,
});
