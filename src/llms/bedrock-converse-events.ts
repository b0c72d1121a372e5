import { bedrockStopReason } from './bedrock-stop-reason.ts';
import type { EventStreamFrame } from './event-stream-decoder.ts';
import type { ChatDelta, StopReason, Usage } from './llm.ts';

/** An event of ConverseStream, whichever decoder it came from; `payload` is read as `ConversePayload`. */
export interface ConverseEvent {
  readonly type: string;
  readonly payload: unknown;
}

/** What is read of the events; everything else they carry is skipped. */
interface ConversePayload {
  readonly delta?: {
    readonly text?: string;
    readonly reasoningContent?: { readonly text?: string };
  };
  readonly stopReason?: string;
  readonly usage?: ConverseUsage;
}

/** Tokens as Converse counts them: what came from the cache is not in `inputTokens`. */
export interface ConverseUsage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadInputTokens?: number | undefined;
  readonly cacheWriteInputTokens?: number | undefined;
}

/** An exception inside a stream, named as the SDK names it: `ThrottlingException`. */
class BedrockStreamException extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** The events that are read; the payload of others is not even parsed. */
const READ: ReadonlySet<string> = new Set(['contentBlockDelta', 'messageStop', 'metadata']);

/** A frame as an event; nothing for an event that is not read. Throws what an exception's frame says. */
export function converseEventOf({ headers, payload }: EventStreamFrame): ConverseEvent | undefined {
  const kind = headers.get(':message-type');
  if (kind === 'event') {
    const type = headers.get(':event-type') ?? '';
    return READ.has(type) ? { type, payload: JSON.parse(payload.toString()) as unknown } : undefined;
  }
  throw streamExceptionOf({ headers, payload });
}

/** The exception that a frame is; its payload is JSON where it is modelled. */
function streamExceptionOf({ headers, payload }: EventStreamFrame): BedrockStreamException {
  const type = headers.get(':exception-type') ?? headers.get(':error-code') ?? 'UnknownError';
  const text = payload.toString();
  let message = headers.get(':error-message') ?? text;
  try {
    const parsed = JSON.parse(text) as { readonly message?: unknown; readonly Message?: unknown } | null;
    const said = parsed?.message ?? parsed?.Message;
    if (typeof said === 'string') message = said;
  } catch {
    // Said in plain text.
  }
  return new BedrockStreamException(type.charAt(0).toUpperCase() + type.slice(1), message);
}

/** A delta with words in it. */
type ChatPiece = Exclude<ChatDelta, { readonly type: 'end' }>;

/** A reply that comes in events. It is complete when its reason to stop and its usage are both known. */
export class ConverseReply {
  #stopReason: StopReason | undefined;
  #usage: Usage | undefined;

  get isComplete(): boolean {
    return this.#stopReason !== undefined && this.#usage !== undefined;
  }

  /** What an event adds to the reply; nothing where it adds no words. */
  read({ type, payload }: ConverseEvent): ChatPiece | undefined {
    const { delta, stopReason, usage } = payload as ConversePayload;
    if (type === 'contentBlockDelta') {
      if (delta?.text) return { type: 'text', text: delta.text };
      const reasoning = delta?.reasoningContent?.text;
      return reasoning ? { type: 'reasoning', text: reasoning } : undefined;
    }
    if (type === 'messageStop') this.#stopReason = bedrockStopReason(stopReason);
    else if (type === 'metadata' && usage !== undefined) this.#usage = usageOf(usage);
    return undefined;
  }

  /** The last delta, with an estimate where the usage was not told; nothing while the model has not stopped. */
  end(estimate: () => Usage): ChatDelta | undefined {
    if (this.#stopReason === undefined) return undefined;
    return { type: 'end', stopReason: this.#stopReason, usage: this.#usage ?? estimate() };
  }
}

/** Usage in the words of the house. */
export function usageOf(usage: ConverseUsage): Usage {
  const { inputTokens = 0, outputTokens = 0, cacheReadInputTokens, cacheWriteInputTokens } = usage;
  return {
    inputTokens: inputTokens + (cacheReadInputTokens ?? 0) + (cacheWriteInputTokens ?? 0),
    outputTokens,
    ...(cacheReadInputTokens ? { cacheReadTokens: cacheReadInputTokens } : {}),
    ...(cacheWriteInputTokens ? { cacheWriteTokens: cacheWriteInputTokens } : {}),
  };
}
