import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { encodeServerSentEvent, HEARTBEAT_FRAME } from './server-sent-events.ts';

function parse(chunks: readonly string[]): EventSourceMessage[] {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  for (const chunk of chunks) parser.feed(chunk);
  return messages;
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\n', '\r', '\r\n', '\u2028', ':', 'data: x', '\u0000', '\ud83d', '並', '😀'),
  }),
);

describe('a server-sent event', () => {
  it('arrives as it was sent, whatever its text and however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyText, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (texts, cuts) => {
          const stream = texts
            .map((text, index) => encodeServerSentEvent({ id: index + 1, event: 'token', data: { text } }))
            .join(HEARTBEAT_FRAME);
          const places = [
            0,
            ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b),
            stream.length,
          ];
          const chunks = places.slice(1).map((end, index) => stream.slice(places[index], end));
          expect(parse(chunks)).toEqual(
            texts.map((text, index) => ({
              id: String(index + 1),
              event: 'token',
              data: JSON.stringify({ text }),
            })),
          );
        },
      ),
    );
  });

  it('has its number first, then its name, then one line of data', () => {
    expect(encodeServerSentEvent({ id: 3, event: 'token', data: { text: 'a\nb' } })).toBe(
      'id: 3\nevent: token\ndata: {"text":"a\\nb"}\n\n',
    );
  });

  it('leaves the number out where it has none', () => {
    expect(encodeServerSentEvent({ event: 'error', data: { code: 'INTERNAL' } })).toBe(
      'event: error\ndata: {"code":"INTERNAL"}\n\n',
    );
  });
});
