import { describe, expect, it } from 'vitest';
import { CallSlots } from './call-limits.ts';

const { signal: never } = new AbortController();

/** Calls that run until they are let go, and the order they began in. */
function calls(slots: CallSlots) {
  const begun: string[] = [];
  const letGo = new Map<string, () => void>();
  const call = async (name: string, options: { isUrgent?: boolean; signal?: AbortSignal } = {}) =>
    slots.run(
      async () => {
        begun.push(name);
        await new Promise<void>((resolve) => letGo.set(name, resolve));
        return name;
      },
      { signal: options.signal ?? never, isUrgent: options.isUrgent ?? false },
    );
  const end = async (name: string): Promise<void> => {
    await expect.poll(() => letGo.has(name)).toBe(true);
    letGo.get(name)?.();
  };
  return { begun, call, end };
}

describe('CallSlots', () => {
  it('runs calls in order, urgent ones before the others', async () => {
    const { begun, call, end } = calls(new CallSlots(1, 10));
    const all = [call('a'), call('b'), call('c'), call('d', { isUrgent: true })];
    for (const name of ['a', 'd', 'b', 'c']) await end(name);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
    expect(begun).toEqual(['a', 'd', 'b', 'c']);
  });

  it('lets a caller leave the queue, and nobody else loses a place', async () => {
    const { begun, call, end } = calls(new CallSlots(1, 10));
    const leaving = new AbortController();
    const first = call('a');
    const second = call('b', { signal: leaving.signal });
    const third = call('c');
    leaving.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    await end('a');
    await end('c');
    await Promise.all([first, third]);
    expect(begun).toEqual(['a', 'c']);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'keeps everyone else in the queue when a caller leaves %i microtasks after a slot is free',
    async (microtasks) => {
      const slots = new CallSlots(1, 10);
      const leaving = new AbortController();
      const holding = Promise.withResolvers<void>();
      const run = async (name: string, signal = never) =>
        slots.run(async () => name, { signal, isUrgent: false });
      const first = slots.run(async () => holding.promise, { signal: never, isUrgent: false });
      const second = run('b', leaving.signal).catch((error: unknown) => (error as Error).message);
      const third = run('c');
      holding.resolve();
      for (let turn = 0; turn < microtasks; turn += 1) await Promise.resolve();
      leaving.abort(new Error('left'));
      await first;
      expect(['b', 'left']).toContain(await second);
      expect(await third).toBe('c');
      expect(await run('d')).toBe('d');
    },
  );

  it('refuses more than may wait', async () => {
    const { call, end } = calls(new CallSlots(1, 1));
    const waiting = [call('a'), call('b')];
    await expect(call('c')).rejects.toMatchObject({ code: 'OVERLOADED' });
    for (const name of ['a', 'b']) await end(name);
    await Promise.all(waiting);
  });

  it('gives a slot back when a call fails', async () => {
    const slots = new CallSlots(1, 0);
    const fail = async () =>
      slots.run(
        async () => {
          throw new Error('failed');
        },
        { signal: never, isUrgent: false },
      );
    await expect(fail()).rejects.toThrow('failed');
    await expect(fail()).rejects.toThrow('failed');
  });
});
