import { crc32 } from 'node:zlib';

/** A header of a frame; Amazon Bedrock uses none but strings. */
export type EventStreamHeader = readonly [name: string, value: string];

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const STRING_TYPE = 7;
const MAX_NAME_BYTES = 255;
const MAX_VALUE_BYTES = 65_535;

/**
 * One message in `application/vnd.amazon.eventstream` framing, with both its CRCs: what a simulated AWS service answers
 * streams with.
 */
export function encodeEventStreamFrame(headers: readonly EventStreamHeader[], payload: Uint8Array): Buffer {
  const encoded = Buffer.concat(headers.map(encodeHeader));
  const length = PRELUDE_BYTES + encoded.length + payload.length + CRC_BYTES;
  const frame = Buffer.allocUnsafe(length);
  frame.writeUInt32BE(length, 0);
  frame.writeUInt32BE(encoded.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  frame.set(encoded, PRELUDE_BYTES);
  frame.set(payload, PRELUDE_BYTES + encoded.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, length - CRC_BYTES)), length - CRC_BYTES);
  return frame;
}

/** An event with a JSON payload, as AWS services send them. */
export function encodeEvent(type: string, payload: unknown): Buffer {
  return encodeEventStreamFrame(
    [
      [':event-type', type],
      [':content-type', 'application/json'],
      [':message-type', 'event'],
    ],
    Buffer.from(JSON.stringify(payload)),
  );
}

/** A modelled exception inside a stream, the last message of it. */
export function encodeException(type: string, payload: unknown): Buffer {
  return encodeEventStreamFrame(
    [
      [':exception-type', type],
      [':content-type', 'application/json'],
      [':message-type', 'exception'],
    ],
    Buffer.from(JSON.stringify(payload)),
  );
}

/** The same frame with a wrong checksum over the whole message, and nothing else changed. */
export function withWrongCrc(frame: Buffer): Buffer {
  const damaged = Buffer.from(frame);
  const at = damaged.length - CRC_BYTES;
  damaged.writeUInt32BE((damaged.readUInt32BE(at) ^ 0xff_ff_ff_ff) >>> 0, at);
  return damaged;
}

function encodeHeader([name, value]: EventStreamHeader): Buffer {
  const nameBytes = Buffer.byteLength(name);
  const valueBytes = Buffer.byteLength(value);
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES || valueBytes > MAX_VALUE_BYTES) {
    throw new RangeError(`The header “${name}” has ${nameBytes} bytes of name and ${valueBytes} of value.`);
  }
  const header = Buffer.allocUnsafe(nameBytes + valueBytes + 4);
  header.writeUInt8(nameBytes, 0);
  header.write(name, 1);
  header.writeUInt8(STRING_TYPE, 1 + nameBytes);
  header.writeUInt16BE(valueBytes, 2 + nameBytes);
  header.write(value, 4 + nameBytes);
  return header;
}
