import { getEventListeners } from 'node:events';

import { describe, expect, it } from 'vitest';

import { CitestreamError, type ErrorCode, NotImplementedError } from '../errors.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { describeLLM } from '../testing/llm-contract.ts';
import { BROKEN_OFF, Gate, type Reply, type Script, ScriptedLLM } from '../testing/scripted-llm.ts';
import type { ChatDelta, ChatOptions, ChatRequest, LLM } from './llm.ts';
import type { ResilienceEvent, ResilienceOptions } from './resilience-options.ts';
import { resilientLLM } from './resilient-llm.ts';

const REQUEST: ChatRequest = { messages: [{ role: 'user', content: 'When is dusk?' }] };

const failed = (code: ErrorCode, headers?: Record<string, string>): CitestreamError =>
  new CitestreamError(code, `${code}, it says.`, {
    cause: headers && Object.assign(new Error('429'), { headers: new Headers(headers) }),
  });

/** The replies in turn, the last again and again. */
const inTurn =
  (...replies: readonly Reply[]): Script =>
  (_request, index) =>
    replies[Math.min(index, replies.length - 1)] ?? '';

const thinking = (text: string): ChatDelta => ({ type: 'reasoning', text });

/** An LLM that never says anything, and does not listen to its signal. */
const DEAF: AsyncIterator<ChatDelta> = { next: async () => new Promise(() => {}) };

class DeafLLM extends ScriptedLLM {
  readonly signals: (AbortSignal | undefined)[] = [];
  constructor(name = 'deaf') {
    super('', { name });
  }
  override async chat(_request: ChatRequest, { signal }: ChatOptions = {}): Promise<never> {
    this.signals.push(signal);
    return new Promise(() => {});
  }
  override streamChat(_request: ChatRequest, { signal }: ChatOptions = {}): AsyncIterable<ChatDelta> {
    this.signals.push(signal);
    return { [Symbol.asyncIterator]: () => DEAF };
  }
}

function subject(llm: LLM, options: ResilienceOptions = {}) {
  const clock = new FakeClock();
  const events: ResilienceEvent[] = [];
  const resilient = resilientLLM(llm, {
    clock,
    random: () => 0.5,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { clock, events, llm: resilient };
}

const all = async (llm: LLM, options: ChatOptions = {}): Promise<readonly ChatDelta[]> =>
  Array.fromAsync(llm.streamChat(REQUEST, options));

/** What an answer comes to: its text, or the error's code. */
async function outcome(llm: LLM, options: ChatOptions = {}): Promise<string> {
  try {
    return textOf(await all(llm, options));
  } catch (error) {
    return error instanceof CitestreamError ? error.code : String(error);
  }
}

const textOf = (deltas: readonly ChatDelta[]): string =>
  deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('');

/** What a promise rejects with; it may be asked for later. */
const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

const settled = async (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

await describeLLM('a resilient LLM', () => resilientLLM(new ScriptedLLM('At dusk, it says [1].')), {
  syncCallsBlock: false,
  makeSilent: () => resilientLLM(new DeafLLM()),
  makeStuck: () => resilientLLM(new ScriptedLLM(['At', new Gate()])),
});
describe('trying again', () => {
  it.each(['THROTTLED', 'UPSTREAM_UNAVAILABLE', 'TIMEOUT', 'LLM_FAILED'] as const)(
    'answers at the third time what failed twice with %s before its first token, in a stream and whole',
    async (code) => {
      for (const ask of [outcome, async (llm: LLM) => (await llm.chat(REQUEST)).text]) {
        const scripted = new ScriptedLLM(inTurn([failed(code)], [failed(code)], 'At dusk.'));
        const { clock, events, llm } = subject(scripted);
        const answer = ask(llm);
        await clock.pass(1000);
        expect(await answer).toBe('At dusk.');
        expect(events.map((event) => event.type === 'retry' && event.delayMs)).toEqual([125, 250]);
        expect(clock.pending).toBe(0);
      }
    },
  );

  it.each(['CREDENTIALS', 'ACCESS_DENIED', 'MODEL_NOT_FOUND', 'CONTEXT_OVERFLOW', 'CONFIGURATION'] as const)(
    'does not try %s again',
    async (code) => {
      const scripted = new ScriptedLLM([failed(code)]);
      expect(await outcome(subject(scripted).llm)).toBe(code);
      expect(scripted.calls).toHaveLength(1);
    },
  );

  it('throws what came last when it is out of tries', async () => {
    const scripted = new ScriptedLLM([failed('THROTTLED')]);
    const { clock, llm } = subject(scripted);
    const answer = outcome(llm);
    await clock.pass(1000);
    expect(await answer).toBe('THROTTLED');
    expect(scripted.calls).toHaveLength(3);
  });

  it('passes an error after the first token as it is, and no token comes twice', async () => {
    const error = failed('THROTTLED');
    const scripted = new ScriptedLLM(['At ', error]);
    const seen: ChatDelta[] = [];
    const read = async (): Promise<void> => {
      for await (const delta of subject(scripted).llm.streamChat(REQUEST)) seen.push(delta);
    };
    await expect(read()).rejects.toBe(error);
    expect(textOf(seen)).toBe('At ');
    expect(scripted.calls).toHaveLength(1);
  });

  it('tries again behind thoughts, which are no part of the answer', async () => {
    const scripted = new ScriptedLLM(inTurn([thinking('Hm.'), failed('THROTTLED')], 'At dusk.'));
    const { clock, llm } = subject(scripted);
    const answer = outcome(llm);
    await clock.pass(1000);
    expect(await answer).toBe('At dusk.');
  });

  it('waits at least as long as the provider asks', async () => {
    const scripted = new ScriptedLLM(inTurn([failed('THROTTLED', { 'retry-after': '7' })], 'At dusk.'));
    const { clock, llm } = subject(scripted);
    const answer = outcome(llm);
    await clock.pass(7124);
    expect(scripted.calls).toHaveLength(1);
    await clock.pass(1);
    expect(await answer).toBe('At dusk.');
  });

  it('does not wait for a provider that asks for longer than any wait', async () => {
    const scripted = new ScriptedLLM([failed('THROTTLED', { 'retry-after': '60' })]);
    expect(await outcome(subject(scripted).llm)).toBe('THROTTLED');
    expect(scripted.calls).toHaveLength(1);
  });

  it('tries a stream again that ends before its first token, and says so of one that ends later', async () => {
    const { clock, llm } = subject(new ScriptedLLM(inTurn([BROKEN_OFF], ['At ', BROKEN_OFF])));
    const answer = all(llm);
    const failure = failureOf(answer);
    await clock.pass(1000);
    expect(await failure).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: 'The answer of scripted broke off before its end. Try again.',
    });
  });

  it('passes an error that is none of ours at once', async () => {
    const error = new TypeError('A bug.');
    await expect(all(subject(new ScriptedLLM([error])).llm)).rejects.toBe(error);
  });
});

describe('time-outs', () => {
  it('give up waiting for the first token, even of one that does not listen, and abort the call', async () => {
    const deaf = new DeafLLM();
    const { clock, llm } = subject(deaf, { firstTokenMs: 2000, maxAttempts: 2 });
    const failure = failureOf(all(llm));
    await clock.pass(2000 + 125 + 2000);
    expect(await failure).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^deaf did not begin to answer within 2 s\..*generation\.firstTokenMs/),
    });
    expect(deaf.signals.map((signal) => signal?.aborted)).toEqual([true, true]);
    expect(clock.pending).toBe(0);
    expect(llm.concurrency.running).toBe(0);
  });

  it('give up waiting for the next token', async () => {
    const scripted = new ScriptedLLM(['At ', 'dusk', new Gate()]);
    const { clock, llm } = subject(scripted, { interTokenMs: 500 });
    const failure = failureOf(all(llm));
    await clock.pass(500);
    expect(await failure).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^scripted wrote nothing more for 0\.5 s\..*generation\.interTokenMs/),
    });
    expect(scripted.calls.map(({ state }) => state)).toEqual(['aborted']);
    expect(clock.pending).toBe(0);
  });

  it('begin anew with every token, and do not count the time that the reader takes', async () => {
    const gates = [new Gate(), new Gate(), new Gate()] as const;
    const scripted = new ScriptedLLM([gates[0], 'At ', gates[1], 'dusk', gates[2], '.']);
    const { clock, llm } = subject(scripted, { firstTokenMs: 1000, interTokenMs: 1000 });
    const seen: ChatDelta[] = [];
    for (const [at, gate] of gates.entries()) {
      void gate.reached.then(async () => {
        await clock.pass(999);
        gate.open();
        return at;
      });
    }
    for await (const delta of llm.streamChat(REQUEST)) {
      seen.push(delta);
      await clock.pass(5000);
    }
    expect(textOf(seen)).toBe('At dusk.');
  });

  it('bound the whole, with all tries, in a stream and whole', async () => {
    for (const ask of [all, async (llm: LLM) => llm.chat(REQUEST)]) {
      const { clock, llm } = subject(new DeafLLM(), { totalMs: 3000, firstTokenMs: 2000 });
      const failure = failureOf(ask(llm));
      await clock.pass(3000);
      expect(await failure).toMatchObject({
        code: 'TIMEOUT',
        message: expect.stringContaining('raise generation.totalMs'),
      });
      expect(clock.pending).toBe(0);
    }
  });

  it('give the place back while a reader neither reads nor leaves', async () => {
    const { clock, llm } = subject(new ScriptedLLM('At dusk it is.'), { totalMs: 3000 });
    const iterator = llm.streamChat(REQUEST)[Symbol.asyncIterator]();
    await iterator.next();
    expect(llm.concurrency.running).toBe(1);
    await clock.pass(3000);
    expect(llm.concurrency.running).toBe(0);
    await expect(iterator.next()).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('leaving', () => {
  const reason = new Error('The reader has left.');

  it.each(['first token', 'back-off', 'queue'] as const)('ends the wait for the %s at once', async (wait) => {
    const holding = new Gate();
    const script: Script =
      wait === 'back-off' ? [failed('THROTTLED', { 'retry-after': '9' })] : [holding, 'At dusk.'];
    const { clock, llm } = subject(new ScriptedLLM(script), { maxConcurrent: 1 });
    const before = wait === 'queue' ? outcome(llm) : undefined;
    const controller = new AbortController();
    const answer = all(llm, { signal: controller.signal });
    const failure = failureOf(answer);
    await settled();
    expect(llm.concurrency.queued).toBe(wait === 'queue' ? 1 : 0);
    controller.abort(reason);
    expect(await failure).toBe(reason);
    holding.open();
    await before;
    expect([llm.concurrency.running, llm.concurrency.queued, clock.pending]).toEqual([0, 0, 0]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('ends the upstream call and gives the place back when the loop is left', async () => {
    const scripted = new ScriptedLLM('At dusk it is.');
    const { clock, llm } = subject(scripted, { maxConcurrent: 1 });
    for await (const delta of llm.streamChat(REQUEST)) if (delta.type === 'text') break;
    await settled();
    expect(scripted.calls[0]?.state).toMatch(/left|aborted/);
    expect(clock.pending).toBe(0);
    expect(await outcome(llm)).toBe('At dusk it is.');
  });

  it('aborts the signal of an upstream call that cannot be ended otherwise', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const endless = Object.assign(new ScriptedLLM(''), {
      streamChat: (_request: ChatRequest, { signal }: ChatOptions = {}): AsyncIterable<ChatDelta> => {
        signals.push(signal);
        const next = async () => ({ done: false as const, value: { type: 'text' as const, text: 'At ' } });
        return { [Symbol.asyncIterator]: () => ({ next }) };
      },
    });
    const { llm } = subject(endless);
    for await (const delta of llm.streamChat(REQUEST)) if (delta.type === 'text') break;
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  it('has given the place back when the end comes', async () => {
    const { llm } = subject(new ScriptedLLM('At dusk.'));
    for await (const delta of llm.streamChat(REQUEST)) {
      expect(llm.concurrency.running).toBe(delta.type === 'end' ? 0 : 1);
    }
  });

  it('leaves no listener on a signal of a long life, however a call ends', async () => {
    const { signal } = new AbortController();
    const script: Script = (_request, index) => (index % 3 === 0 ? [failed('CREDENTIALS')] : 'At dusk.');
    const { clock, llm } = subject(new ScriptedLLM(script));
    for (let call = 0; call < 1000; call += 1) {
      if (call % 2 === 0) await outcome(llm, { signal });
      else await llm.chat(REQUEST, { signal }).catch(() => {});
      if (call === 0) expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe('the circuit', () => {
  it('opens after failures in a row, refuses with the time to wait, and closes with a call that is answered', async () => {
    let isDown = true;
    const scripted = new ScriptedLLM(() => (isDown ? [failed('UPSTREAM_UNAVAILABLE')] : 'At dusk.'));
    const { clock, llm } = subject(scripted, { maxAttempts: 1, breakerFailures: 2, breakerOpenMs: 5000 });
    await outcome(llm);
    await outcome(llm);
    await clock.pass(1000);
    await expect(all(llm)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: 'scripted failed 2 times in a row and is not asked for now. Try again in 4 s.',
    });
    expect(scripted.calls).toHaveLength(2);
    isDown = false;
    await clock.pass(4000);
    expect(await outcome(llm)).toBe('At dusk.');
    expect(llm.breaker.state).toBe('closed');
  });

  it('is not closed by a call that the reader leaves', async () => {
    const gate = new Gate();
    const script = inTurn([failed('UPSTREAM_UNAVAILABLE')], [gate]);
    const { clock, llm } = subject(new ScriptedLLM(script), { maxAttempts: 1, breakerFailures: 1 });
    await outcome(llm);
    await clock.pass(10_000);
    const controller = new AbortController();
    const answer = outcome(llm, { signal: controller.signal });
    await gate.reached;
    controller.abort(new Error('left'));
    expect(await answer).toBe('Error: left');
    expect(llm.breaker.state).toBe('half-open');
  });

  it('does not open for throttling, nor for what only this request has wrong', async () => {
    for (const code of ['THROTTLED', 'CONTEXT_OVERFLOW'] as const) {
      const { llm } = subject(new ScriptedLLM([failed(code)]), { maxAttempts: 1, breakerFailures: 1 });
      await outcome(llm);
      expect(llm.breaker.state).toBe('closed');
    }
  });
});

describe('places', () => {
  it('refuses with OVERLOADED, naming the settings, where too many wait', async () => {
    const gate = new Gate();
    const { llm } = subject(new ScriptedLLM([gate, 'At dusk.']), { maxConcurrent: 1, maxQueued: 1 });
    const answers = [outcome(llm), outcome(llm)];
    await settled();
    await expect(all(llm)).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringMatching(/generation\.maxConcurrent or generation\.maxQueued/),
    });
    gate.open();
    expect(await Promise.all(answers)).toEqual(['At dusk.', 'At dusk.']);
  });

  it('are halved by throttling', async () => {
    const gate = new Gate();
    const scripted = new ScriptedLLM([gate, failed('THROTTLED')]);
    const { llm } = subject(scripted, { maxConcurrent: 8, maxAttempts: 1 });
    const answers = Array.from({ length: 8 }, async () => outcome(llm));
    await settled();
    gate.open();
    await Promise.all(answers);
    expect(llm.concurrency.limit).toBe(4);
  });

  it('are not held between tries', async () => {
    const { clock, llm } = subject(new ScriptedLLM(inTurn([failed('THROTTLED')], 'At dusk.')), {
      maxConcurrent: 1,
    });
    const first = outcome(llm);
    await settled();
    expect(await outcome(llm)).toBe('At dusk.');
    await clock.pass(1000);
    expect(await first).toBe('At dusk.');
  });
});

describe('the fallback', () => {
  const usage = { inputTokens: 3, outputTokens: 4 };
  const other = (script: Script = 'From elsewhere.'): ScriptedLLM =>
    new ScriptedLLM(script, { name: 'other', usage });

  it('answers when the first is out of tries, and the end says who answered, with its usage', async () => {
    const { clock, events, llm } = subject(new ScriptedLLM([failed('THROTTLED')]), { fallback: other() });
    const answer = all(llm);
    await clock.pass(1000);
    const deltas = await answer;
    expect(textOf(deltas)).toBe('From elsewhere.');
    expect(deltas.at(-1)).toEqual({ type: 'end', stopReason: 'stop', usage, answeredBy: 'other' });
    expect(llm.name).toBe('scripted');
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry', 'fail-over']);
    const reply = llm.chat(REQUEST);
    await clock.pass(1000);
    expect(await reply).toMatchObject({ text: 'From elsewhere.', answeredBy: 'other', usage });
  });

  it('answers at once while the circuit is open, and where the queue is full', async () => {
    const down = new ScriptedLLM([failed('UPSTREAM_UNAVAILABLE')]);
    const open = subject(down, { maxAttempts: 1, breakerFailures: 1, fallback: other() });
    expect(await outcome(open.llm)).toBe('From elsewhere.');
    expect(await outcome(open.llm)).toBe('From elsewhere.');
    expect(down.calls).toHaveLength(1);

    const gate = new Gate();
    const full = subject(new ScriptedLLM([gate]), { maxConcurrent: 1, maxQueued: 0, fallback: other() });
    const first = outcome(full.llm);
    await settled();
    expect(await outcome(full.llm)).toBe('From elsewhere.');
    gate.open();
    expect(await first).toBe('');
  });

  it('is not asked after the first token, nor for what it would fail at as well', async () => {
    for (const script of [['At ', failed('THROTTLED')], [failed('CONTEXT_OVERFLOW')]]) {
      const fallback = other();
      await outcome(subject(new ScriptedLLM(script), { fallback }).llm);
      expect(fallback.calls).toEqual([]);
    }
  });

  it('cannot hang either, and ends when the reader leaves', async () => {
    const deaf = new DeafLLM('other');
    const down = new ScriptedLLM([failed('UPSTREAM_UNAVAILABLE')]);
    const { clock, llm } = subject(down, { maxAttempts: 1, totalMs: 4000, fallback: deaf });
    const late = outcome(llm);
    await clock.pass(4000);
    expect(await late).toBe('TIMEOUT');
    const controller = new AbortController();
    const left = outcome(llm, { signal: controller.signal });
    await settled();
    controller.abort(new Error('left'));
    expect(await left).toBe('Error: left');
    expect(deaf.signals.map((signal) => signal?.aborted)).toEqual([true, true]);
    expect(clock.pending).toBe(0);
  });

  it('is refused where it cannot do what the first can, and bounds how long a prompt may be', () => {
    const whole = new ScriptedLLM('', { name: 'other', capabilities: { streamChat: false } });
    expect(() => resilientLLM(new ScriptedLLM(''), { fallback: whole })).toThrow(/other has no streamChat/);
    const small = new ScriptedLLM('', { capabilities: { contextWindow: 9000 } });
    expect(resilientLLM(new ScriptedLLM(''), { fallback: small }).capabilities.contextWindow).toBe(9000);
  });
});

describe('what passes through', () => {
  it('refuses what the LLM refuses, at the call', async () => {
    const capabilities = { chat: false, streamChat: false, chatSync: false, streamChatSync: false };
    const llm = resilientLLM(new ScriptedLLM('', { capabilities }));
    expect(() => llm.streamChat(REQUEST)).toThrow(NotImplementedError);
    await expect(llm.chat(REQUEST)).rejects.toThrow(NotImplementedError);
    expect(() => llm.streamChatSync(REQUEST)).toThrow(NotImplementedError);
  });
});
