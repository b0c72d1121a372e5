import type { Stream } from 'openai/streaming';

import type { OpenAIChunk, OpenAIReply } from './openai-reply.ts';
import { unlessAborted } from './unless-aborted.ts';

/** How long the usage, and then the end of the body, are waited for behind a finished answer. */
const AFTER_FINISH_MS = 1000;

/**
 * The chunks of a stream up to the one that completes the reply. What comes behind the last word cannot spoil it: a
 * server that then fails, or says nothing more and keeps the connection open, only has its usage estimated.
 */
export async function* openAIChunks(
  stream: Stream<unknown>,
  reply: OpenAIReply,
  signal: AbortSignal | undefined,
): AsyncGenerator<OpenAIChunk, void> {
  const iterator = stream[Symbol.asyncIterator]();
  let isOver = false;
  try {
    while (!reply.isComplete && !isOver) {
      const next = reply.isFinished
        ? await nextUnlessLate(iterator)
        : await unlessAborted(iterator.next(), signal);
      isOver = next === undefined || next.done === true;
      if (next !== undefined && next.done !== true && isObject(next.value)) yield next.value;
    }
  } finally {
    if (reply.isFinished) drain(stream, iterator);
  }
}

/** Ends the upstream call at once. */
export function closeOpenAIStream(stream: Stream<unknown>): void {
  stream.controller.abort();
}

async function nextUnlessLate(
  iterator: AsyncIterator<unknown>,
): Promise<IteratorResult<unknown> | undefined> {
  try {
    return await unlessAborted(iterator.next(), AbortSignal.timeout(AFTER_FINISH_MS));
  } catch {
    return undefined;
  }
}

/** Reads the end of the body behind the reader's back, so that the connection serves the next call. */
function drain(stream: Stream<unknown>, iterator: AsyncIterator<unknown>): void {
  const timer = setTimeout(() => closeOpenAIStream(stream), AFTER_FINISH_MS).unref();
  void (async () => {
    try {
      while ((await iterator.next()).done !== true);
    } catch {
      // The answer is complete.
    } finally {
      clearTimeout(timer);
    }
  })();
}

function isObject(value: unknown): value is OpenAIChunk {
  return typeof value === 'object' && value !== null;
}
