import { describe, expect, it } from 'vitest';
import { withinDeadline } from './within-deadline.ts';

const never = async () => new Promise<never>(() => undefined);

describe('withinDeadline', () => {
  it('returns what the work returns', async () => {
    expect(await withinDeadline({ timeoutMs: 1000, what: 'It' }, async () => 7)).toBe(7);
  });

  it('ends work that takes too long, and says what and how long', async () => {
    let given: AbortSignal | undefined;
    const waiting = withinDeadline({ timeoutMs: 1, what: 'The search' }, async (signal) => {
      given = signal;
      return never();
    });
    await expect(waiting).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/^The search .*1 ms/) as string,
    });
    expect(given?.aborted).toBe(true);
  });

  it('throws the reason of the caller who leaves, whatever the work makes of it', async () => {
    const caller = new AbortController();
    const reason = new Error('left');
    const waiting = withinDeadline({ signal: caller.signal, timeoutMs: 1000, what: 'It' }, async (signal) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(new Error('something else')));
      return promise;
    });
    caller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it('does not begin for a caller who has left', async () => {
    let begun = false;
    const signal = AbortSignal.abort(new Error('left'));
    const waiting = withinDeadline({ signal, timeoutMs: 1000, what: 'It' }, async () => {
      begun = true;
    });
    await expect(waiting).rejects.toThrow('left');
    expect(begun).toBe(false);
  });

  it('ends what else the work began when a part of it fails', async () => {
    let given: AbortSignal | undefined;
    const waiting = withinDeadline({ timeoutMs: 1000, what: 'It' }, async (signal) => {
      given = signal;
      throw new Error('a part failed');
    });
    await expect(waiting).rejects.toThrow('a part failed');
    expect(given?.aborted).toBe(true);
  });
});
