import { describe, expect, it } from 'vitest';

import { NotImplementedError } from '../errors.ts';
import type { ChatDelta, ChatRequest } from '../llms/llm.ts';
import { describeLLM } from './llm-contract.ts';
import { BROKEN_OFF, Gate, ScriptedLLM } from './scripted-llm.ts';

const request: ChatRequest = { messages: [{ role: 'user', content: 'What?' }] };

const script = 'The keeper climbs the tower [1]. ';
const waits = { syncCallsBlock: false, makeSilent: () => new ScriptedLLM([new Gate()]) };
await describeLLM('A scripted LLM', () => new ScriptedLLM(script), {
  ...waits,
  makeStuck: () => new ScriptedLLM(['The', new Gate()]),
});
await describeLLM(
  'A scripted LLM that only streams',
  () => new ScriptedLLM(script, { capabilities: { chat: false, chatSync: false, streamChatSync: false } }),
);
await describeLLM(
  'A scripted LLM that cannot stream',
  () => new ScriptedLLM(script, { capabilities: { streamChat: false, streamChatSync: false } }),
  waits,
);

async function read(stream: AsyncIterable<ChatDelta>): Promise<readonly ChatDelta[]> {
  return Array.fromAsync(stream);
}

describe('a scripted LLM', () => {
  it('streams a text word by word, losing no white space', async () => {
    const deltas = await read(new ScriptedLLM('  One two\n\nthree ').streamChat(request));
    expect(deltas.flatMap((delta) => (delta.type === 'text' ? [delta.text] : []))).toEqual([
      '  One',
      ' two',
      '\n\nthree ',
    ]);
  });

  it('follows its steps: text, its own end, and nothing behind it', async () => {
    const end = { type: 'end', stopReason: 'length', usage: { inputTokens: 1, outputTokens: 2 } } as const;
    const llm = new ScriptedLLM(['One', end, 'never']);
    expect(await read(llm.streamChat(request))).toEqual([{ type: 'text', text: 'One' }, end]);
    expect(await llm.chat(request)).toEqual({ text: 'One', stopReason: 'length', usage: end.usage });
  });

  it('throws the error of its script, and breaks off where it says so', async () => {
    const error = new Error('The model is on fire.');
    await expect(read(new ScriptedLLM(['One', error]).streamChat(request))).rejects.toBe(error);
    const broken = new ScriptedLLM(['One', BROKEN_OFF]);
    expect(await read(broken.streamChat(request))).toEqual([{ type: 'text', text: 'One' }]);
    await expect(broken.chat(request)).rejects.toThrow('broke off');
    expect(() => broken.chatSync(request)).toThrow('broke off');
  });

  it('waits at a gate until it is opened', async () => {
    const gate = new Gate();
    const reply = new ScriptedLLM(['One', gate, ' two']).chat(request);
    await gate.reached;
    gate.open();
    expect(await reply).toMatchObject({ text: 'One two' });
  });

  it('makes a reply for each request, and counts them', async () => {
    const llm = new ScriptedLLM(({ messages }, index) => `${messages.length} ${index}`);
    expect([await llm.chat(request), await llm.chat(request)].map(({ text }) => text)).toEqual([
      '1 0',
      '1 1',
    ]);
  });

  it('remembers its calls and how each of them came out', async () => {
    const llm = new ScriptedLLM((_request, index) =>
      index === 2 ? [new Error('The model is on fire.')] : 'One two three',
    );
    await read(llm.streamChat(request));
    for await (const _delta of llm.streamChat(request)) break;
    await expect(llm.chat(request)).rejects.toThrow('on fire');
    const controller = new AbortController();
    const iterator = llm.streamChat(request, { signal: controller.signal })[Symbol.asyncIterator]();
    await iterator.next();
    expect(llm.calls[3]?.state).toBe('running');
    controller.abort();
    await expect(iterator.next()).rejects.toBe(controller.signal.reason);
    expect(llm.calls.map(({ kind, state, deltas }) => ({ kind, state, deltas }))).toEqual([
      { kind: 'streamChat', state: 'ended', deltas: 4 },
      { kind: 'streamChat', state: 'left', deltas: 1 },
      { kind: 'chat', state: 'failed', deltas: 0 },
      { kind: 'streamChat', state: 'aborted', deltas: 1 },
    ]);
  });

  it('counts no call that it refused', () => {
    const llm = new ScriptedLLM('One', { name: 'mute', capabilities: { streamChat: false } });
    expect(() => llm.streamChat(request)).toThrow(NotImplementedError);
    expect(() => llm.streamChat(request)).toThrow('mute');
    expect(llm.calls).toEqual([]);
  });
});
