import type { ChatMessage, ChatRequest, StopReason } from './llm.ts';

/** A request whose messages alternate, and whose length is bounded: what a body is made of. */
export interface InvokeRequest extends Omit<ChatRequest, 'grounding'> {
  readonly maxTokens: number;
}

/** What is told of a reply, whole or in one chunk of its stream; what is not told stays away. */
export interface InvokePiece {
  readonly text?: string | undefined;
  readonly reasoning?: string | undefined;
  readonly stopReason?: StopReason | undefined;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
}

/** The bodies of one vendor's models in InvokeModel, and in InvokeModelWithResponseStream. */
export interface InvokeCodec {
  body(request: InvokeRequest): Readonly<Record<string, unknown>>;
  readWhole(body: Json): InvokePiece;
  readChunk(chunk: Json): InvokePiece;
}

/** An object of JSON of which nothing is known yet. */
export type Json = Readonly<Record<string, unknown>>;

/** A member that is an object, empty where it is none. */
export function objectAt(json: Json, name: string): Json {
  const value = json[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** A member that is a list of objects, empty where it is none. */
export function objectsAt(json: Json, name: string): readonly Json[] {
  const value = json[name];
  return Array.isArray(value)
    ? value.filter((item): item is Json => typeof item === 'object' && item !== null)
    : [];
}

/** A member that is a text. */
export function textAt(json: Json, name: string): string | undefined {
  const value = json[name];
  return typeof value === 'string' ? value : undefined;
}

/** A member that is a number. */
export function numberAt(json: Json, name: string): number | undefined {
  const value = json[name];
  return typeof value === 'number' ? value : undefined;
}

/** The members that have a value: vendors refuse null where they expect a number. */
export function given(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

/** Why a model stopped, in the vendor's words, as one of ours; nothing where it goes on. */
export function stopReasonOf(said: string | undefined): StopReason | undefined {
  if (said === undefined) return undefined;
  if (/max_tokens|length|token_limit|context/i.test(said)) return 'length';
  return /filter|toxic|refusal|guardrail/i.test(said) ? 'content_filter' : 'stop';
}

/** Text of somebody else in a prompt with markers, so that none of it is read as a marker. */
export function withoutMarkers(text: string, markers: RegExp): string {
  return text.replace(markers, (marker) => `${marker.slice(0, 1)} ${marker.slice(1)}`);
}

/** A conversation as plain text, for models that only go on writing. */
export function asDialogue(
  system: string | undefined,
  messages: readonly ChatMessage[],
  names: { readonly user: string; readonly assistant: string },
): string {
  const turns = messages.map(({ role, content }) => `${names[role]}: ${content}`);
  return [...(system === undefined ? [] : [system]), ...turns, `${names.assistant}:`].join('\n\n');
}
