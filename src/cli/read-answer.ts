import type { FinishReason, TurnEvent, TurnTimings } from '../chat/turn-event.ts';
import type { Citation, Source } from '../citations/citation.ts';
import type { QueryEvent } from '../citations/query-event.ts';
import { CitestreamError } from '../errors.ts';
import type { Usage } from '../llms/llm.ts';

/** A whole answer, of a query or of a turn. */
export interface Answer {
  readonly answer: string;
  readonly sources: readonly Source[];
  readonly citations: readonly Citation[];
  readonly cited: readonly number[];
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  readonly timings: TurnTimings;
}

/** Reads the events of an answer to their end, telling the text as it comes; an `error` event is thrown. */
export async function readAnswer(
  events: AsyncIterable<QueryEvent | TurnEvent>,
  onText: (text: string) => void = () => {},
): Promise<Answer> {
  let answer = '';
  let sources: readonly Source[] = [];
  const citations: Citation[] = [];
  for await (const event of events) {
    switch (event.type) {
      case 'turn':
      case 'queued':
        break;
      case 'sources':
        sources = event.sources;
        break;
      case 'token':
        answer += event.text;
        onText(event.text);
        break;
      case 'citation':
        citations.push(event.citation);
        break;
      case 'done': {
        const { cited, finishReason, usage } = event;
        return {
          answer,
          sources,
          citations,
          cited,
          finishReason,
          usage,
          timings: { queueMs: 0, ...event.timings },
        };
      }
      case 'error':
        throw new CitestreamError(event.code, event.message);
      default:
        event satisfies never;
    }
  }
  throw new CitestreamError('INTERNAL', 'The answer ended before it was done.');
}
