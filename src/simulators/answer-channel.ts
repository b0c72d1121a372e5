import { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';
import type { AnyResponse } from './dual-protocol-server.ts';
import type { Frame } from './frame.ts';

/** Where the frames of one answer go, over either protocol. */
export interface AnswerChannel {
  /** Gives false where the reader is behind, until `onDrain` is called. */
  readonly write: (frames: readonly Frame[]) => boolean;
  /** Ends the body as if all were well. */
  readonly end: () => void;
  /** Ends the connection with a reset. */
  readonly reset: () => void;
}

/**
 * Opens the body of a response. Over HTTP/1.1 the frames go to the socket as chunks that were made before, which takes a
 * quarter off the CPU time of a token beside the response's own `write`.
 */
export function openChannel(
  response: AnyResponse,
  { headers, onDrain }: { readonly headers: Readonly<Record<string, string>>; readonly onDrain: () => void },
): AnswerChannel {
  if (response instanceof Http2ServerResponse) {
    const { stream } = response;
    stream.respond({ ':status': 200, ...headers });
    stream.on('drain', onDrain);
    return {
      write: (frames) => writeAll(stream, frames, ({ bytes }) => bytes),
      end: () => void stream.end(),
      reset: () => resetConnection(response),
    };
  }
  if (!(response instanceof ServerResponse)) throw new TypeError('A response of neither protocol.');
  response.writeHead(200, headers);
  response.flushHeaders();
  const { socket } = response;
  const isChunked = response.chunkedEncoding && socket !== null;
  const target: Writable = isChunked ? socket : response;
  target.on('drain', onDrain);
  response.once('close', () => target.off('drain', onDrain));
  return {
    write: (frames) => writeAll(target, frames, (frame) => (isChunked ? frame.chunk : frame.bytes)),
    end: () => void response.end(),
    reset: () => resetConnection(response),
  };
}

/** Calls, perhaps twice, when the reader of a response is gone, whether the response has ended or not. */
export function onReaderGone(response: AnyResponse, listener: () => void): void {
  response.on('close', listener);
  // A stream that its reader gave up without an error code is closed only when this side has ended it too.
  if (response instanceof Http2ServerResponse) response.stream.on('aborted', listener);
}

/** Ends the connection of a response with a TCP reset, the other streams on it too. */
export function resetConnection(response: AnyResponse): void {
  if (response instanceof ServerResponse) response.socket?.resetAndDestroy();
  else if (response instanceof Http2ServerResponse) response.stream.session?.socket.resetAndDestroy();
}

function writeAll(target: Writable, frames: readonly Frame[], bytesOf: (frame: Frame) => Buffer): boolean {
  const [first] = frames;
  if (first === undefined) return true;
  if (target.destroyed || target.writableEnded) return true;
  return target.write(frames.length === 1 ? bytesOf(first) : Buffer.concat(frames.map(bytesOf)));
}
