import type { z } from 'zod';

import type { TurnEvent } from '../chat/turn-event.ts';
import type { Citation, Source } from '../citations/citation.ts';
import { CitestreamError } from '../errors.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { CHAT_PROBLEMS, CHAT_REQUEST_HEADERS, chatBodySchema, RunningTurn } from './running-turn.ts';
import type { ServerContext } from './server-context.ts';
import { chatAnswerSchema, citationData, doneData, sourceData } from './turn-wire.ts';

/** `POST /chat/`: the same turn as one JSON object. */
export function chatRoute(context: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'POST',
    path: '/chat/',
    operationId: 'chat',
    summary: 'Asks a question and answers when the whole answer is there',
    tag: 'chat',
    body: chatBodySchema,
    requestHeaders: CHAT_REQUEST_HEADERS,
    responses: { 200: { description: 'The whole turn.', schema: chatAnswerSchema } },
    problems: CHAT_PROBLEMS,
    async handle({ body, request, reply }) {
      using turn = new RunningTurn(context, { body, request, reply });
      return await wholeTurn(turn);
    },
  });
}

async function wholeTurn(turn: RunningTurn): Promise<z.output<typeof chatAnswerSchema>> {
  let began: Extract<TurnEvent, { type: 'turn' }> | undefined;
  let sources: readonly Source[] = [];
  const citations: Citation[] = [];
  const texts: string[] = [];
  for (let event = await turn.first(); ; event = await turn.next()) {
    switch (event.type) {
      case 'turn':
        began = event;
        break;
      case 'sources':
        ({ sources } = event);
        break;
      case 'token':
        texts.push(event.text);
        break;
      case 'citation':
        citations.push(event.citation);
        break;
      case 'done':
        if (began === undefined) throw new CitestreamError('INTERNAL', 'The turn ended before it began.');
        return {
          turn_id: began.turnId,
          session_id: began.sessionId,
          mode: began.mode,
          answer: texts.join(''),
          sources: sources.map(sourceData),
          citations: citations.map(citationData),
          ...doneData(event),
        };
      case 'error':
        throw new CitestreamError(event.code, event.message);
      case 'queued':
        break;
      default:
        event satisfies never;
    }
  }
}
