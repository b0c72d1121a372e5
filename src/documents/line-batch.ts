import type { FileHandle } from 'node:fs/promises';

/** A line of a file, without its line end. */
export interface FileLine {
  /** From 0, counted from where the batch begins. */
  readonly index: number;
  /** Nothing where the line is longer than a line may be. */
  readonly bytes: Uint8Array | undefined;
}

/** Some lines of a file, and where the next ones begin. */
export interface LineBatch {
  readonly lines: readonly FileLine[];
  /** How many lines were taken, blank ones included. */
  readonly count: number;
  /** The offset of the next line in bytes; nothing at the end of the file. */
  readonly next?: number;
}

/** What a batch holds at most; it always takes one line. */
export interface LineBatchLimits {
  /** Blank ones are not counted. */
  readonly maxLines: number;
  readonly maxBytes: number;
  /** A longer line is passed over, in constant memory. */
  readonly maxLineBytes: number;
}

const BLOCK_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Reads the lines that begin at an offset; blank ones are counted and left out. */
export async function readLineBatch(
  file: FileHandle,
  offset: number,
  limits: LineBatchLimits,
): Promise<LineBatch> {
  const lines: FileLine[] = [];
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let parts: Buffer[] = [];
  let lineBytes = 0;
  let count = 0;
  let position = offset;

  for (;;) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position);
    if (bytesRead === 0) {
      if (lineBytes > 0) endLine();
      return { lines, count };
    }
    let start = 0;
    for (
      let end = block.indexOf(LINE_FEED);
      end !== -1 && end < bytesRead;
      end = block.indexOf(LINE_FEED, start)
    ) {
      take(block.subarray(start, end));
      endLine();
      start = end + 1;
      if (lines.length >= limits.maxLines || position + start - offset >= limits.maxBytes) {
        return { lines, count, next: position + start };
      }
    }
    take(block.subarray(start, bytesRead));
    position += bytesRead;
  }

  function take(bytes: Buffer): void {
    lineBytes += bytes.length;
    if (lineBytes <= limits.maxLineBytes) parts.push(Buffer.from(bytes));
    else parts = [];
  }

  function endLine(): void {
    if (lineBytes > limits.maxLineBytes) {
      lines.push({ index: count, bytes: undefined });
    } else {
      const bytes = withoutMark(Buffer.concat(parts), offset === 0 && count === 0);
      if (!isBlank(bytes)) lines.push({ index: count, bytes });
    }
    count += 1;
    parts = [];
    lineBytes = 0;
  }
}

/** How many line ends a file has before an offset. */
export async function countLinesBefore(file: FileHandle, offset: number): Promise<number> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let count = 0;
  for (let position = 0; position < offset;) {
    const { bytesRead } = await file.read(block, 0, Math.min(BLOCK_BYTES, offset - position), position);
    if (bytesRead === 0) break;
    const read = block.subarray(0, bytesRead);
    for (let at = read.indexOf(LINE_FEED); at !== -1; at = read.indexOf(LINE_FEED, at + 1)) count += 1;
    position += bytesRead;
  }
  return count;
}

function withoutMark(line: Buffer, isFirst: boolean): Buffer {
  return isFirst && BYTE_ORDER_MARK.every((byte, index) => line[index] === byte) ? line.subarray(3) : line;
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
