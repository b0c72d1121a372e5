import { crc32 } from 'node:zlib';

import { EventStreamCodec } from '@smithy/eventstream-codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EventStreamDecoder, EventStreamError, type EventStreamFrame } from './event-stream-decoder.ts';

const oracle = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);
type Message = Parameters<typeof oracle.encode>[0];

const name = fc.oneof(
  fc.constantFrom(':event-type', ':message-type', ':content-type'),
  fc
    .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
    .filter((text) => Buffer.byteLength(text) < 256),
);
const value: fc.Arbitrary<Message['headers'][string]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .string({ maxLength: 60, unit: 'grapheme' })
      .map((value) => ({ type: 'string' as const, value })),
  },
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte' as const, value })),
  fc.integer({ min: -32_768, max: 32_767 }).map((value) => ({ type: 'short' as const, value })),
  fc.integer().map((value) => ({ type: 'integer' as const, value })),
  fc.uint8Array({ maxLength: 40 }).map((value) => ({ type: 'binary' as const, value })),
  fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
    .map((value) => ({ type: 'timestamp' as const, value })),
  fc.uuid().map((value) => ({ type: 'uuid' as const, value })),
);
const message: fc.Arbitrary<Message> = fc.record({
  headers: fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true }),
  body: fc.uint8Array({ maxLength: 300 }),
});
const messages = fc.array(message, { maxLength: 6 });

/** Where the bytes are cut, as shares of their length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

function decode(chunks: readonly Uint8Array[]): EventStreamFrame[] {
  const decoder = new EventStreamDecoder();
  const frames = chunks.flatMap((chunk) => decoder.push(chunk));
  decoder.end();
  return frames;
}

function cutAt(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = [
    0,
    ...shares.map((share) => Math.floor(share * bytes.length)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

/** What a frame should hold, by the oracle's reading of its bytes. */
function expectation(bytes: Uint8Array) {
  const { headers, body } = oracle.decode(bytes);
  const strings = Object.entries(headers).flatMap(([name, { type, value }]) =>
    type === 'string' ? [[name, value] as const] : [],
  );
  return { headers: Object.fromEntries(strings), payload: Buffer.from(body) };
}

const plain = ({ headers, payload }: EventStreamFrame) => ({
  headers: Object.fromEntries(headers),
  payload: Buffer.from(payload),
});

const aFrame = Buffer.from(
  oracle.encode({
    headers: { ':event-type': { type: 'string', value: 'contentBlockDelta' } },
    body: Buffer.from('{"delta":{"text":"Hi"}}'),
  }),
);

describe('EventStreamDecoder', () => {
  it('reads what the official codec reads, however the bytes are split', () => {
    fc.assert(
      fc.property(messages, cuts, (messages, cuts) => {
        const encoded = messages.map((message) => oracle.encode(message));
        expect(decode(cutAt(Buffer.concat(encoded), cuts)).map(plain)).toEqual(encoded.map(expectation));
      }),
      { numRuns: 500 },
    );
  });

  it('reads frames that come byte by byte, and empty chunks between them', () => {
    const bytes = Buffer.concat([aFrame, aFrame]);
    const chunks = [...bytes].flatMap((byte) => [Buffer.of(byte), Buffer.alloc(0)]);
    expect(decode(chunks).map(plain)).toEqual([expectation(aFrame), expectation(aFrame)]);
  });

  it('gives a frame with its last byte, not later', () => {
    const decoder = new EventStreamDecoder();
    expect(decoder.push(aFrame.subarray(0, -1))).toEqual([]);
    expect(decoder.push(aFrame.subarray(-1))).toHaveLength(1);
  });

  it('refuses every single bit that is turned over, as the official codec does', () => {
    fc.assert(
      fc.property(message, fc.nat(), (message, place) => {
        const bytes = Buffer.from(oracle.encode(message));
        const bit = place % (bytes.length * 8);
        const at = Math.floor(bit / 8);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % 8)), at);
        expect(() => oracle.decode(bytes)).toThrow(Error);
        expect(() => decode([bytes])).toThrow(EventStreamError);
      }),
    );
  });

  it('says where a stream ends inside a frame', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: aFrame.length - 1 }), (length) => {
        expect(() => decode([aFrame, aFrame.subarray(0, length)])).toThrow(
          `The stream ended inside a frame, ${length} bytes behind its start.`,
        );
      }),
    );
  });

  it('gives the frames before a damaged one first, also of the same chunk', () => {
    const decoder = new EventStreamDecoder();
    expect(decoder.push(Buffer.concat([aFrame, Buffer.alloc(12, 1)]))).toHaveLength(1);
    expect(() => decoder.push(Buffer.alloc(0))).toThrow('The checksum over the lengths');
    expect(() => decoder.end()).toThrow('The checksum over the lengths');
  });

  it.each([
    [{ total: 100, headers: 0 }, 'larger than 64'],
    [{ total: 15, headers: 0 }, 'no room for 0 bytes'],
    [{ total: 40, headers: 25 }, 'no room for 25 bytes'],
  ])('refuses the lengths %j before it waits for the frame', ({ total, headers }, message) => {
    const prelude = Buffer.alloc(12);
    prelude.writeUInt32BE(total, 0);
    prelude.writeUInt32BE(headers, 4);
    prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
    expect(() => new EventStreamDecoder({ maxFrameBytes: 64 }).push(prelude)).toThrow(message);
  });

  it('refuses or skips headers of any bytes, and never reads beyond them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 30 }), (headers) => {
        const frame = Buffer.alloc(16 + headers.length);
        frame.writeUInt32BE(frame.length, 0);
        frame.writeUInt32BE(headers.length, 4);
        frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
        frame.set(headers, 12);
        frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4);
        try {
          expect(decode([frame])).toHaveLength(1);
        } catch (error) {
          expect(error).toBeInstanceOf(EventStreamError);
        }
      }),
    );
  });
});
