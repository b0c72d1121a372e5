import { describe, expect, it } from 'vitest';
import { onConflictAgain } from './on-conflict-again.ts';

describe('onConflictAgain', () => {
  it('does the work again after a conflict', async () => {
    let attempts = 0;
    const result = await onConflictAgain(async () => {
      attempts += 1;
      if (attempts < 3) throw new Error('Retryable commit conflict for version 4');
      return 'committed';
    });
    expect(result).toBe('committed');
    expect(attempts).toBe(3);
  });

  it('throws any other error at once', async () => {
    let attempts = 0;
    const work = async () => {
      attempts += 1;
      throw new Error('No space left on device');
    };
    await expect(onConflictAgain(work)).rejects.toThrow('No space');
    expect(attempts).toBe(1);
  });

  it('stops trying for a caller who left', async () => {
    const caller = new AbortController();
    const work = async () => {
      caller.abort(new Error('left'));
      throw new Error('commit conflict');
    };
    await expect(onConflictAgain(work, caller.signal)).rejects.toThrow('left');
  });
});
