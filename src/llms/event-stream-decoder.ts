/**
 * Decoder for `application/vnd.amazon.eventstream`, the framing of AWS's streams.
 *
 *   total length (4) · length of headers (4) · CRC-32 of these 8 (4) · headers · payload · CRC-32 of all before (4)
 *
 * It stands on the path that every token of Bedrock takes, so it copies nothing where a frame is whole in its chunk, runs
 * the CRC in zlib, and reads the headers, which are the same bytes from token to token, once.
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */
import { crc32 } from 'node:zlib';

/** One message of an event stream. */
export interface EventStreamFrame {
  /** The headers whose values are strings, as in `:event-type`; other kinds are skipped. */
  readonly headers: ReadonlyMap<string, string>;
  /** A view into the bytes that were given. */
  readonly payload: Buffer;
}

/** Thrown where the bytes are no event stream: damaged, too large, or cut off. */
export class EventStreamError extends Error {
  override readonly name = 'EventStreamError';
}

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const STRING_TYPE = 7;
/** Bytes of a header's value by its type; strings and byte arrays, 6 and 7, say their length themselves. */
const VALUE_BYTES = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Cuts the bytes of a stream, however they are split, into frames whose checksums are right. */
export class EventStreamDecoder {
  readonly #maxFrameBytes: number;
  /** The beginning of a frame that is not complete. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** How many pending bytes it takes to get on: a prelude, then its frame. */
  #neededBytes = PRELUDE_BYTES;
  #headerBytes: Buffer = Buffer.alloc(0);
  #headers: ReadonlyMap<string, string> = new Map();
  #failure: Error | undefined;

  /** A frame that says it is longer than `maxFrameBytes` is refused before it is waited for. @default 16 MiB */
  constructor({ maxFrameBytes = MAX_FRAME_BYTES }: { readonly maxFrameBytes?: number } = {}) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /**
   * The frames that are complete with this chunk. Throws `EventStreamError`, after which there is no way on; frames
   * before the damaged one are given first, and the next call throws.
   */
  push(chunk: Uint8Array): EventStreamFrame[] {
    if (this.#failure !== undefined) throw this.#failure;
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#pendingBytes > 0) {
      this.#pending.push(bytes);
      this.#pendingBytes += bytes.length;
      if (this.#pendingBytes < this.#neededBytes) return [];
      bytes = Buffer.concat(this.#pending, this.#pendingBytes);
    }
    const frames: EventStreamFrame[] = [];
    try {
      this.#cut(bytes, frames);
    } catch (error) {
      if (frames.length === 0) throw error;
      this.#failure = error as Error;
    }
    return frames;
  }

  /** Throws `EventStreamError` where the stream ended inside a frame or in a damaged one. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pendingBytes === 0) return;
    throw new EventStreamError(
      `The stream ended inside a frame, ${this.#pendingBytes} bytes behind its start.`,
    );
  }

  #cut(bytes: Buffer, frames: EventStreamFrame[]): void {
    let at = 0;
    while (bytes.length - at >= PRELUDE_BYTES) {
      const length = this.#checkedLength(bytes, at);
      if (bytes.length - at < length) {
        this.#keep(bytes.subarray(at), length);
        return;
      }
      frames.push(this.#frame(bytes.subarray(at, at + length)));
      at += length;
    }
    this.#keep(bytes.subarray(at), PRELUDE_BYTES);
  }

  #keep(rest: Buffer, neededBytes: number): void {
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    this.#neededBytes = neededBytes;
  }

  /** The length is trusted only when the prelude's checksum is right. */
  #checkedLength(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at);
    const headersLength = bytes.readUInt32BE(at + 4);
    if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8)) {
      throw new EventStreamError('The checksum over the lengths of a frame is wrong.');
    }
    if (headersLength + PRELUDE_BYTES + CRC_BYTES > length) {
      throw new EventStreamError(
        `A frame of ${length} bytes has no room for ${headersLength} bytes of headers.`,
      );
    }
    if (length > this.#maxFrameBytes) {
      throw new EventStreamError(`A frame of ${length} bytes is larger than ${this.#maxFrameBytes}.`);
    }
    return length;
  }

  #frame(frame: Buffer): EventStreamFrame {
    const end = frame.length - CRC_BYTES;
    if (crc32(frame.subarray(0, end)) !== frame.readUInt32BE(end)) {
      throw new EventStreamError('The checksum of a frame is wrong.');
    }
    const payloadAt = PRELUDE_BYTES + frame.readUInt32BE(4);
    const headerBytes = frame.subarray(PRELUDE_BYTES, payloadAt);
    if (!headerBytes.equals(this.#headerBytes)) {
      this.#headers = readHeaders(headerBytes);
      // A copy, which does not hold the whole chunk in memory.
      this.#headerBytes = Buffer.from(headerBytes);
    }
    return { headers: this.#headers, payload: frame.subarray(payloadAt, end) };
  }
}

function readHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  try {
    while (at < bytes.length) {
      const nameEnd = at + 1 + bytes.readUInt8(at);
      const type = bytes.readUInt8(nameEnd);
      const fixed = VALUE_BYTES[type];
      if (fixed === undefined && type !== 6 && type !== STRING_TYPE) throw new RangeError(`type ${type}`);
      const valueAt = nameEnd + (fixed === undefined ? 3 : 1);
      const valueEnd = valueAt + (fixed ?? bytes.readUInt16BE(nameEnd + 1));
      if (valueEnd > bytes.length) throw new RangeError('a value beyond the end');
      if (type === STRING_TYPE)
        headers.set(bytes.toString('utf8', at + 1, nameEnd), bytes.toString('utf8', valueAt, valueEnd));
      at = valueEnd;
    }
  } catch (error) {
    throw new EventStreamError(`The headers of a frame cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  return headers;
}
