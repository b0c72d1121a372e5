import type { TurnEvent } from '../chat/turn-event.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { EventStream } from './event-stream.ts';
import { CHAT_PROBLEMS, CHAT_REQUEST_HEADERS, chatBodySchema, RunningTurn } from './running-turn.ts';
import type { ServerContext } from './server-context.ts';
import { encodeServerSentEvent } from './server-sent-events.ts';
import { turnEventData, turnEventSchemas } from './turn-wire.ts';

/** `POST /chat/stream/`: one turn as server-sent events. */
export function chatStreamRoute(context: ServerContext): Endpoint {
  const { limits } = context.options;
  return defineEndpoint({
    method: 'POST',
    path: '/chat/stream/',
    operationId: 'streamChat',
    summary: 'Asks a question and streams the answer with its citations',
    tag: 'chat',
    body: chatBodySchema,
    requestHeaders: CHAT_REQUEST_HEADERS,
    streams: true,
    responses: {
      200: {
        description: 'The events of the turn, numbered from 1; the last one is done or error.',
        contentType: 'text/event-stream',
        events: turnEventSchemas,
      },
    },
    problems: CHAT_PROBLEMS,
    async handle({ body, request, reply }) {
      using turn = new RunningTurn(context, { body, request, reply });
      const first = await turn.first();
      const closed = context.metrics.streamOpened();
      const stream = new EventStream(reply, limits);
      try {
        await writeTurn(turn, first, stream);
        await stream.end();
      } finally {
        closed();
      }
    },
  });
}

async function writeTurn(turn: RunningTurn, first: TurnEvent, stream: EventStream): Promise<void> {
  let event = first;
  for (let id = 1; stream.isOpen; id += 1) {
    const full = stream.send(encodeServerSentEvent({ id, event: event.type, data: turnEventData(event) }));
    if (full !== undefined) await full;
    if (event.type === 'done' || event.type === 'error') return;
    event = await turn.next();
  }
}
