import { describe, expect, it } from 'vitest';

import { ResourceStack } from './resource-stack.ts';

const closing = (name: string, closed: string[], error?: Error): AsyncDisposable => ({
  [Symbol.asyncDispose]: async () => {
    closed.push(name);
    if (error !== undefined) throw error;
  },
});

describe('ResourceStack', () => {
  it('closes the last one first, and each once', async () => {
    const closed: string[] = [];
    const stack = new ResourceStack();
    for (const name of ['store', 'history', 'jobs']) stack.use(closing(name, closed));
    await stack[Symbol.asyncDispose]();
    await stack[Symbol.asyncDispose]();
    expect(closed).toEqual(['jobs', 'history', 'store']);
  });

  it('closes the others where one fails, and throws its failure', async () => {
    const closed: string[] = [];
    const stack = new ResourceStack();
    stack.use(closing('store', closed));
    stack.use(closing('history', closed, new Error('The disk is gone.')));
    await expect(stack[Symbol.asyncDispose]()).rejects.toThrow('The disk is gone.');
    expect(closed).toEqual(['history', 'store']);
  });

  it('closes nothing that was moved', async () => {
    const closed: string[] = [];
    let moved: ResourceStack;
    {
      await using stack = new ResourceStack();
      stack.use(closing('store', closed));
      moved = stack.move();
    }
    expect(closed).toEqual([]);
    await moved[Symbol.asyncDispose]();
    expect(closed).toEqual(['store']);
  });
});
