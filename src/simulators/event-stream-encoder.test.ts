import { EventStreamCodec } from '@smithy/eventstream-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeEvent,
  encodeEventStreamFrame,
  encodeException,
  withWrongCrc,
} from './event-stream-encoder.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

// The codec keeps headers in a plain object, which has no member of this name.
const headerName = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 40 })
  .filter((name) => name !== '__proto__');
const headers = fc.uniqueArray(fc.tuple(headerName, fc.string({ unit: 'binary', maxLength: 300 })), {
  maxLength: 8,
  selector: ([name]) => name,
});

describe('a frame', () => {
  it('is read by the codec of AWS as what was put into it, for any headers and payload', () => {
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 3000 }), (given, payload) => {
        const message = codec.decode(encodeEventStreamFrame(given, payload));
        expect(Object.entries(message.headers)).toEqual(
          Object.entries(Object.fromEntries(given.map(([name, value]) => [name, { type: 'string', value }]))),
        );
        expect(Buffer.from(message.body)).toEqual(Buffer.from(payload));
      }),
    );
  });

  it('has the bytes that the codec of AWS writes', () => {
    fc.assert(
      fc.property(headers, fc.uint8Array({ maxLength: 500 }), (given, body) => {
        // An object puts names that look like numbers first, whatever their order was.
        const ordered = given.filter(([name]) => !/^\d+$/.test(name));
        const expected = codec.encode({
          headers: Object.fromEntries(
            ordered.map(([name, value]) => [name, { type: 'string' as const, value }]),
          ),
          body,
        });
        expect(encodeEventStreamFrame(ordered, body)).toEqual(Buffer.from(expected));
      }),
    );
  });

  it('with a wrong checksum is refused by the codec of AWS', () => {
    const frame = encodeEvent('contentBlockDelta', { delta: { text: 'word' } });
    expect(() => codec.decode(withWrongCrc(frame))).toThrow(/checksum/i);
    expect(codec.decode(frame).headers[':event-type']?.value).toBe('contentBlockDelta');
  });

  it('of an exception says which it is', () => {
    const { headers, body } = codec.decode(encodeException('throttlingException', { message: 'Slow down.' }));
    expect(headers[':message-type']?.value).toBe('exception');
    expect(headers[':exception-type']?.value).toBe('throttlingException');
    expect(JSON.parse(Buffer.from(body).toString())).toEqual({ message: 'Slow down.' });
  });

  it('takes no header without a name and none that is too long', () => {
    expect(() => encodeEventStreamFrame([['', 'x']], Buffer.alloc(0))).toThrow(RangeError);
    expect(() => encodeEventStreamFrame([['n', 'x'.repeat(65_536)]], Buffer.alloc(0))).toThrow(RangeError);
  });
});
