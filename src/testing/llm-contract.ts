import { isMainThread } from 'node:worker_threads';

import { describe, expect, it } from 'vitest';

import { CitestreamError, NotImplementedError } from '../errors.ts';
import type { ChatDelta, ChatRequest, ChatResponse, LLM, LLMCapabilities } from '../llms/llm.ts';

/** Makes an LLM that is ready to be asked. */
export type MakeLLM = () => LLM | Promise<LLM>;

/** What an LLM's contract has to know of it. */
export interface LLMContractOptions {
  /** What it is asked in every test; its reply should have several pieces. */
  readonly request?: ChatRequest;
  /** Whether equal requests get equal replies, so that all forms of a call can be compared. @default true */
  readonly isDeterministic?: boolean;
  /** Whether the calls named `…Sync` wait for something, and so are refused on the main thread. @default true */
  readonly syncCallsBlock?: boolean;
  /** Makes one whose `chat` never gets its reply. */
  readonly makeSilent?: MakeLLM;
  /** Makes one whose stream waits for ever behind its first piece. */
  readonly makeStuck?: MakeLLM;
}

interface Subject {
  readonly make: MakeLLM;
  readonly request: ChatRequest;
  readonly capabilities: LLMCapabilities;
  readonly isDeterministic: boolean;
  readonly syncCallsBlock: boolean;
  readonly makeSilent: MakeLLM | undefined;
  readonly makeStuck: MakeLLM | undefined;
}

const STOP_REASONS = new Set<string>(['stop', 'length', 'content_filter', 'no_sources']);

const EXAMPLE_REQUEST: ChatRequest = {
  system: 'You are the keeper of a lighthouse. Leave {braces} as they are.',
  messages: [
    { role: 'user', content: 'Hello “keeper”, 並行 😀?' },
    { role: 'assistant', content: 'Good evening.' },
    { role: 'user', content: 'When does the keeper climb the tower, and what does the lamp burn?' },
  ],
  grounding: {
    question: 'When does the keeper climb the tower, and what does the lamp burn?',
    sources: [
      { id: 1, text: 'The keeper climbs the tower every evening at dusk. He is seldom late.' },
      { id: 2, text: 'The lamp of the tower has burned oil since it was built.' },
    ],
  },
};

/**
 * The behaviour every LLM has; call it in a test file of the LLM. Capabilities are read from one that is made for it,
 * so `make` has to give LLMs that can do the same things every time.
 */
export async function describeLLM(
  name: string,
  make: MakeLLM,
  options: LLMContractOptions = {},
): Promise<void> {
  const { capabilities } = await make();
  const subject: Subject = {
    make,
    capabilities,
    request: options.request ?? EXAMPLE_REQUEST,
    isDeterministic: options.isDeterministic ?? true,
    syncCallsBlock: options.syncCallsBlock ?? true,
    makeSilent: options.makeSilent,
    makeStuck: options.makeStuck,
  };
  describe(`${name} as an LLM`, () => {
    describeItself(subject);
    if (capabilities.chat) describeChat(subject);
    if (capabilities.streamChat) describeStreamChat(subject);
    describeRefusals(subject);
    describeSyncCalls(subject);
  });
}

function describeItself({ make, request, capabilities }: Subject): void {
  it('has a name, and says what it can do', async () => {
    const llm = await make();
    expect(llm.name.trim()).not.toBe('');
    expect(llm.capabilities.contextWindow).toBeGreaterThan(0);
    expect(llm.capabilities).toEqual(capabilities);
    expect(capabilities.chat || capabilities.streamChat).toBe(true);
  });

  it('leaves a request as it was', async () => {
    const llm = await make();
    const asked = structuredClone(request);
    if (capabilities.chat) await llm.chat(asked);
    if (capabilities.streamChat) await allOf(llm.streamChat(asked));
    expect(asked).toEqual(request);
  });
}

function describeChat({ make, request, isDeterministic, makeSilent }: Subject): void {
  it('replies whole, with its usage and the reason it stopped', async () => {
    const llm = await make();
    expect(flawsOf(await llm.chat(request))).toEqual([]);
  });

  itWhere(isDeterministic, 'keeps nothing of one call for the next, nor of calls side by side', async () => {
    const llm = await make();
    const [first, second] = await Promise.all([llm.chat(request), llm.chat(request)]);
    expect(second).toEqual(first);
    expect(await llm.chat(request)).toEqual(first);
  });

  it('rejects with the reason of a signal that was aborted before', async () => {
    const llm = await make();
    const reason = new Error('The reader has left.');
    const call = async (): Promise<ChatResponse> => llm.chat(request, { signal: AbortSignal.abort(reason) });
    await expect(call()).rejects.toBe(reason);
  });

  itWhere(
    makeSilent !== undefined,
    'stops waiting for its reply, with the reason of the signal, when that is aborted',
    async () => {
      const llm = await makeSilent?.();
      const controller = new AbortController();
      const reply = llm?.chat(request, { signal: controller.signal });
      const reason = new Error('The reader has left.');
      controller.abort(reason);
      await expect(reply).rejects.toBe(reason);
    },
  );
}

function describeStreamChat({ make, request, capabilities, isDeterministic, makeStuck }: Subject): void {
  it('streams a reply in pieces that are not empty, ends it once, and gives nothing behind the end', async () => {
    const llm = await make();
    const iterator = llm.streamChat(request)[Symbol.asyncIterator]();
    const deltas: ChatDelta[] = [];
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      deltas.push(next.value);
    }
    expect(deltas.map(({ type }) => type).indexOf('end')).toBe(deltas.length - 1);
    expect(deltas.filter((delta) => delta.type === 'text' && delta.text === '')).toEqual([]);
    expect(flawsOf(replyOf(deltas))).toEqual([]);
    expect(await iterator.next()).toMatchObject({ done: true });
  });

  itWhere(isDeterministic && capabilities.chat, 'streams what chat gives whole', async () => {
    const llm = await make();
    expect(replyOf(await allOf(llm.streamChat(request)))).toEqual(await llm.chat(request));
  });

  itWhere(isDeterministic, 'keeps streams side by side apart', async () => {
    const llm = await make();
    const [first, second] = await Promise.all([
      allOf(llm.streamChat(request)),
      allOf(llm.streamChat(request)),
    ]);
    expect(replyOf(second)).toEqual(replyOf(first));
  });

  it('ends with the reason of a signal that was aborted before, without a piece', async () => {
    const llm = await make();
    const reason = new Error('The reader has left.');
    const deltas: ChatDelta[] = [];
    const read = async (): Promise<void> => {
      for await (const delta of llm.streamChat(request, { signal: AbortSignal.abort(reason) })) {
        deltas.push(delta);
      }
    };
    await expect(read()).rejects.toBe(reason);
    expect(deltas).toEqual([]);
  });

  it('ends with the reason of a signal that is aborted in the middle, without one more piece', async () => {
    const llm = await make();
    const controller = new AbortController();
    const iterator = llm.streamChat(request, { signal: controller.signal })[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ done: false });
    const reason = new Error('The reader has left.');
    controller.abort(reason);
    await expect(iterator.next()).rejects.toBe(reason);
    expect(await iterator.next()).toMatchObject({ done: true });
  });

  itWhere(
    makeStuck !== undefined,
    'stops waiting for its next piece, with the reason of the signal, when that is aborted',
    async () => {
      const llm = await makeStuck?.();
      const controller = new AbortController();
      const iterator = llm?.streamChat(request, { signal: controller.signal })[Symbol.asyncIterator]();
      expect(await iterator?.next()).toMatchObject({ done: false });
      const pending = iterator?.next();
      const reason = new Error('The reader has left.');
      controller.abort(reason);
      await expect(pending).rejects.toBe(reason);
    },
  );

  it('can be left behind any piece, and be asked again', async () => {
    const llm = await make();
    const controller = new AbortController();
    for await (const delta of llm.streamChat(request, { signal: controller.signal })) {
      expect(delta.type).toBe('text');
      break;
    }
    // The reader of a stream that is over may abort late.
    controller.abort(new Error('The reader has left.'));
    expect(flawsOf(replyOf(await allOf(llm.streamChat(request))))).toEqual([]);
  });
}

function describeRefusals({ make, request, capabilities }: Subject): void {
  itWhere(!capabilities.chat, 'refuses chat, which it cannot do', async () => {
    const llm = await make();
    const call = async (): Promise<ChatResponse> => llm.chat(request);
    await expect(call()).rejects.toThrow(NotImplementedError);
  });

  itWhere(!capabilities.streamChat, 'refuses to stream at the call, not at the first piece', async () => {
    const llm = await make();
    expect(() => llm.streamChat(request)).toThrow(NotImplementedError);
  });

  itWhere(!capabilities.chatSync, 'refuses chatSync, which it cannot do', async () => {
    const llm = await make();
    expect(() => llm.chatSync(request)).toThrow(NotImplementedError);
  });

  itWhere(!capabilities.streamChatSync, 'refuses streamChatSync at the call', async () => {
    const llm = await make();
    expect(() => llm.streamChatSync(request)).toThrow(NotImplementedError);
  });
}

function describeSyncCalls({ make, request, capabilities, isDeterministic, syncCallsBlock }: Subject): void {
  const { chat, chatSync, streamChatSync } = capabilities;
  const isRefusedHere = syncCallsBlock && isMainThread;

  itWhere(chatSync && isRefusedHere, 'refuses chatSync on the main thread', async () => {
    const llm = await make();
    expect(() => llm.chatSync(request)).toThrow(CitestreamError);
  });

  itWhere(
    streamChatSync && isRefusedHere,
    'refuses streamChatSync on the main thread, at the call',
    async () => {
      const llm = await make();
      expect(() => llm.streamChatSync(request)).toThrow(CitestreamError);
    },
  );

  itWhere(chatSync && !isRefusedHere, 'replies in chatSync as in chat', async () => {
    const llm = await make();
    const reply = llm.chatSync(request);
    expect(flawsOf(reply)).toEqual([]);
    if (isDeterministic && chat) expect(reply).toEqual(await llm.chat(request));
  });

  itWhere(streamChatSync && !isRefusedHere, 'streams in streamChatSync what it gives whole', async () => {
    const llm = await make();
    const deltas = [...llm.streamChatSync(request)];
    expect(deltas.map(({ type }) => type).indexOf('end')).toBe(deltas.length - 1);
    expect(flawsOf(replyOf(deltas))).toEqual([]);
    if (isDeterministic && chatSync) expect(replyOf(deltas)).toEqual(llm.chatSync(request));
  });
}

/** A test of what only some LLMs are asked for; where it is not asked for there is nothing to skip. */
function itWhere(applies: boolean, name: string, test: () => Promise<void>): void {
  const register = applies ? it : () => undefined;
  register(name, test);
}

/** What is wrong with a reply, in words: nothing, in one that keeps the contract. */
function flawsOf({ text, stopReason, usage }: ChatResponse): readonly string[] {
  const flaws = [];
  if (text.trim() === '') flaws.push('no text');
  if (!STOP_REASONS.has(stopReason)) flaws.push(`stopReason ${stopReason}`);
  for (const name of ['inputTokens', 'outputTokens'] as const) {
    if (!Number.isSafeInteger(usage[name]) || usage[name] <= 0) flaws.push(`${name} ${usage[name]}`);
  }
  return flaws;
}

async function allOf(stream: AsyncIterable<ChatDelta>): Promise<readonly ChatDelta[]> {
  return Array.fromAsync(stream);
}

/** What the pieces of a stream come to. */
function replyOf(deltas: readonly ChatDelta[]): ChatResponse {
  const text = deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('');
  const end = deltas.at(-1);
  if (end?.type !== 'end') throw new Error('The stream broke off without its end.');
  return { text, stopReason: end.stopReason, usage: end.usage };
}
