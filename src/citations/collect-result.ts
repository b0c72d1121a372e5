import { CitestreamError } from '../errors.ts';
import type { Citation, Source } from './citation.ts';
import type { QueryEvent, QueryResult } from './query-event.ts';

/** What a query's events come to, for readers who want the answer whole. */
export async function collectResult(events: AsyncIterable<QueryEvent>): Promise<QueryResult> {
  let sources: readonly Source[] = [];
  let answer = '';
  const citations: Citation[] = [];
  for await (const event of events) {
    if (event.type === 'sources') sources = event.sources;
    else if (event.type === 'token') answer += event.text;
    else if (event.type === 'citation') citations.push(event.citation);
    else {
      const { cited, finishReason, usage, timings } = event;
      return { answer, sources, citations, cited, finishReason, usage, timings };
    }
  }
  throw new CitestreamError('INTERNAL', 'A query ended without its last event.');
}
