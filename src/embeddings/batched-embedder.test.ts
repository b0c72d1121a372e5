import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CitestreamError } from '../errors.ts';
import { HashingEmbedder } from '../testing/hashing-embedder.ts';
import { BatchedEmbedder, type BatchedEmbedderOptions } from './batched-embedder.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';

const TIMEOUT_MS = 7777;

type Answer = (texts: readonly string[], signal: AbortSignal) => Promise<readonly Float32Array[]>;

/** A provider whose answers a test writes; it notes every call and how many were under way at once. */
class ScriptedEmbedder implements Embedder {
  readonly name = 'scripted:2';
  readonly dimension = 2;
  readonly maxBatchSize: number;
  readonly maxBatchCharacters?: number | undefined;
  readonly maxTextCharacters?: number | undefined;
  readonly calls: (readonly string[])[] = [];
  underWay = 0;
  mostUnderWay = 0;
  readonly #answer: Answer;

  constructor(
    answer: Answer,
    limits: { maxBatchSize?: number; maxBatchCharacters?: number; maxTextCharacters?: number } = {},
  ) {
    this.#answer = answer;
    this.maxBatchSize = limits.maxBatchSize ?? 2;
    this.maxBatchCharacters = limits.maxBatchCharacters;
    this.maxTextCharacters = limits.maxTextCharacters;
  }

  async embedDocuments(
    texts: readonly string[],
    { signal }: EmbedOptions = {},
  ): Promise<readonly Float32Array[]> {
    this.calls.push(texts);
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      await new Promise(setImmediate);
      return await this.#answer(texts, signal ?? AbortSignal.any([]));
    } finally {
      this.underWay -= 1;
    }
  }

  async embedQuery(text: string, options: EmbedOptions = {}): Promise<Float32Array> {
    const [vector] = await this.embedDocuments([text], options);
    if (vector === undefined) throw new Error('The script has no vector.');
    return vector;
  }
}

const vectorOf = (text: string): Float32Array => Float32Array.of(text.length, text.charCodeAt(0) || 0);
const vectorsOf: Answer = async (texts) => texts.map(vectorOf);
const throttled = (cause?: unknown) => new CitestreamError('THROTTLED', 'Too many calls.', { cause });

const untilAborted = async (signal: AbortSignal): Promise<never> => {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
};

/** Waits take no time and are noted; a call's time is over only where a test says so. */
function layer(embedder: Embedder, options: BatchedEmbedderOptions = {}) {
  const waits: number[] = [];
  const batched = new BatchedEmbedder(embedder, {
    timeoutMs: TIMEOUT_MS,
    random: () => 0.5,
    sleep: async (milliseconds, signal) => {
      if (milliseconds === TIMEOUT_MS) await untilAborted(signal);
      waits.push(milliseconds);
    },
    ...options,
  });
  return { batched, waits };
}

describe('documents', () => {
  it('are embedded in order, whatever the limits and however many calls run at once', async () => {
    const run = fc.asyncProperty(
      fc.array(fc.string({ maxLength: 9 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 4 }),
      async (texts, maxBatchSize, maxBatchCharacters, maxParallel) => {
        const scripted = new ScriptedEmbedder(vectorsOf, { maxBatchSize, maxBatchCharacters });
        const { batched } = layer(scripted, { maxParallel });
        expect(await batched.embedDocuments(texts)).toEqual(texts.map(vectorOf));
        expect(scripted.calls.flat().toSorted()).toEqual(texts.toSorted());
        expect(scripted.mostUnderWay).toBeLessThanOrEqual(maxParallel);
      },
    );
    await fc.assert(run, { numRuns: 50 });
  });

  it('are sent by as many calls at once as allowed, over all callers together', async () => {
    const scripted = new ScriptedEmbedder(vectorsOf, { maxBatchSize: 1 });
    const { batched } = layer(scripted, { maxParallel: 3 });
    const texts = Array.from({ length: 8 }, (_, at) => `text ${at}`);
    await Promise.all([batched.embedDocuments(texts), batched.embedDocuments(texts)]);
    expect(scripted.mostUnderWay).toBe(3);
  });

  it('are cut to what the model reads', async () => {
    const scripted = new ScriptedEmbedder(vectorsOf, { maxTextCharacters: 4 });
    const { batched } = layer(scripted);
    await batched.embedDocuments(['longer than four', 'four']);
    await batched.embedQuery('a question');
    expect(scripted.calls).toEqual([['long', 'four'], ['a qu']]);
  });

  it('that failed are sent again, and no others', async () => {
    let failures = 2;
    const scripted = new ScriptedEmbedder(async (texts, signal) => {
      if (texts.includes('c') && failures > 0) {
        failures -= 1;
        throw throttled();
      }
      return vectorsOf(texts, signal);
    });
    const { batched, waits } = layer(scripted, { baseDelayMs: 100 });
    const texts = ['a', 'b', 'c', 'd', 'e'];
    expect(await batched.embedDocuments(texts)).toEqual(texts.map(vectorOf));
    expect(scripted.calls.filter((call) => call.includes('c'))).toHaveLength(3);
    expect(scripted.calls).toHaveLength(5);
    expect(waits).toEqual([50, 100]);
  });

  it('are halved where the provider says that a call is too large, and later calls begin smaller', async () => {
    const scripted = new ScriptedEmbedder(
      async (texts, signal) => {
        if (texts.length > 3) throw new CitestreamError('TOO_LARGE', 'At most 3.');
        return vectorsOf(texts, signal);
      },
      { maxBatchSize: 8 },
    );
    const { batched } = layer(scripted, { maxParallel: 1 });
    const texts = [...'abcdefgh'];
    expect(await batched.embedDocuments(texts)).toEqual(texts.map(vectorOf));
    expect(scripted.calls.map(({ length }) => length)).toEqual([8, 4, 2, 2, 4, 2, 2]);
    await batched.embedDocuments(texts);
    expect(scripted.calls.slice(7).every(({ length }) => length === 2)).toBe(true);
  });

  it('end with the first failure that stays, and the other calls are aborted', async () => {
    const aborted: string[] = [];
    const scripted = new ScriptedEmbedder(
      async ([text = ''], signal) => {
        if (text === 'bad') throw new CitestreamError('CREDENTIALS', 'Set a key.');
        signal.addEventListener('abort', () => aborted.push(text), { once: true });
        return untilAborted(signal);
      },
      { maxBatchSize: 1 },
    );
    const { batched, waits } = layer(scripted, { maxParallel: 2 });
    await expect(batched.embedDocuments(['slow', 'bad', 'never', 'sent'])).rejects.toMatchObject({
      code: 'CREDENTIALS',
      message: 'Set a key.',
    });
    expect(aborted).toEqual(['slow']);
    expect(scripted.calls).toEqual([['slow'], ['bad']]);
    expect(waits).toEqual([]);
  });

  it.each([
    ['a wrong dimension', [Float32Array.of(1, 2, 3)], /a vector of 3 numbers where 2 were expected/],
    ['NaN', [Float32Array.of(1, Number.NaN)], /no finite number/],
    ['infinity', [Float32Array.of(Infinity, 1)], /no finite number/],
    ['a vector too few', [], /1 texts with 0 vectors/],
    ['a vector too many', [vectorOf('a'), vectorOf('b')], /1 texts with 2 vectors/],
  ])(
    'are refused where the provider answers with %s, without asking it again',
    async (_, answer, message) => {
      const scripted = new ScriptedEmbedder(async () => answer);
      const { batched } = layer(scripted);
      const expected = { code: 'EMBEDDER_FAILED', message: expect.stringMatching(message) as string };
      await expect(batched.embedDocuments(['text'])).rejects.toMatchObject(expected);
      expect(scripted.calls).toHaveLength(1);
    },
  );

  it('none are no call', async () => {
    const scripted = new ScriptedEmbedder(vectorsOf);
    expect(await layer(scripted).batched.embedDocuments([])).toEqual([]);
    expect(scripted.calls).toEqual([]);
  });
});

describe('a call', () => {
  it('that does not answer in time is aborted and tried again, even where it does not listen', async () => {
    let isOver = 1;
    const signals: AbortSignal[] = [];
    const scripted = new ScriptedEmbedder(async (texts, signal) => {
      signals.push(signal);
      return signals.length === 1 ? Promise.withResolvers<never>().promise : vectorsOf(texts, signal);
    });
    const { batched } = layer(scripted, {
      sleep: async (milliseconds, signal) => {
        if (milliseconds !== TIMEOUT_MS) return;
        if (isOver > 0) isOver -= 1;
        else await untilAborted(signal);
        await new Promise(setImmediate);
        await new Promise(setImmediate);
      },
    });
    expect(await batched.embedQuery('late')).toEqual(vectorOf('late'));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ code: 'TIMEOUT' });
  });

  it('is given up after its attempts, with the last error', async () => {
    const scripted = new ScriptedEmbedder(async () => {
      throw new CitestreamError('UPSTREAM_UNAVAILABLE', 'Not there.');
    });
    const { batched, waits } = layer(scripted, { maxAttempts: 3, baseDelayMs: 1000, maxDelayMs: 1500 });
    await expect(batched.embedQuery('a')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(scripted.calls).toHaveLength(3);
    expect(waits).toEqual([500, 750]);
  });

  it('waits at least as long as the provider asks, and is given up where that is too long', async () => {
    let seconds = '3';
    let failures = 1;
    const scripted = new ScriptedEmbedder(async (texts, signal) => {
      if (failures === 0) return vectorsOf(texts, signal);
      failures -= 1;
      throw throttled(Object.assign(new Error('429'), { headers: new Headers({ 'retry-after': seconds }) }));
    });
    const { batched, waits } = layer(scripted, { baseDelayMs: 100, maxDelayMs: 10_000 });
    await batched.embedQuery('a');
    expect(waits).toEqual([3050]);
    seconds = '3600';
    failures = 1;
    await expect(batched.embedQuery('b')).rejects.toMatchObject({ code: 'THROTTLED' });
    expect(waits).toEqual([3050]);
  });

  it('ends at once when its caller leaves, also while it waits to be tried again', async () => {
    const caller = new AbortController();
    const scripted = new ScriptedEmbedder(async () => {
      throw throttled();
    });
    const { batched } = layer(scripted, {
      sleep: async (milliseconds, signal) => {
        if (milliseconds !== TIMEOUT_MS) caller.abort(new Error('left'));
        await untilAborted(signal);
      },
    });
    await expect(batched.embedDocuments(['a'], { signal: caller.signal })).rejects.toThrow('left');
    expect(scripted.calls).toHaveLength(1);
  });

  it('is not made for a caller who has left before', async () => {
    const scripted = new ScriptedEmbedder(vectorsOf);
    const { batched } = layer(scripted);
    const signal = AbortSignal.abort(new Error('left'));
    await expect(batched.embedDocuments(['a'], { signal })).rejects.toThrow('left');
    await expect(batched.embedQuery('a', { signal })).rejects.toThrow('left');
    expect(scripted.calls).toEqual([]);
  });
});

describe('a question', () => {
  it('that many ask at once is embedded once, and kept', async () => {
    const embedder = new HashingEmbedder();
    const { batched } = layer(embedder);
    const vectors = await Promise.all(Array.from({ length: 5 }, async () => batched.embedQuery('green tea')));
    const again = await batched.embedQuery('green tea');
    expect(embedder.texts).toEqual(['green tea']);
    for (const vector of [...vectors, again]) expect(vector).toEqual(vectors[0]);
  });

  it('gives everyone a vector of his own', async () => {
    const { batched } = layer(new ScriptedEmbedder(vectorsOf));
    (await batched.embedQuery('abc')).fill(0);
    (await batched.embedQuery('abc')).fill(0);
    expect(await batched.embedQuery('abc')).toEqual(vectorOf('abc'));
  });

  it('goes on for the others when one of them leaves, and ends when all have', async () => {
    const answered = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    const scripted = new ScriptedEmbedder(async (texts, signal) => {
      signals.push(signal);
      await Promise.race([answered.promise, untilAborted(signal)]);
      return vectorsOf(texts, signal);
    });
    const { batched } = layer(scripted);
    const leaving = new AbortController();
    const first = batched.embedQuery('asked', { signal: leaving.signal });
    const second = batched.embedQuery('asked');
    leaving.abort(new Error('left'));
    await expect(first).rejects.toThrow('left');
    answered.resolve();
    expect(await second).toEqual(vectorOf('asked'));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);

    const blocked = new ScriptedEmbedder(async (_texts, signal) => {
      signals.push(signal);
      return untilAborted(signal);
    });
    const alone = layer(blocked).batched.embedQuery('asked', {
      signal: AbortSignal.any([leaving.signal]),
    });
    await expect(alone).rejects.toThrow('left');
    const one = new AbortController();
    const two = new AbortController();
    const { batched: other } = layer(blocked);
    const both = [one, two].map(async ({ signal }) => other.embedQuery('asked', { signal }));
    await expect.poll(() => signals.length).toBe(2);
    one.abort(new Error('one left'));
    await expect(both[0]).rejects.toThrow('one left');
    expect(signals[1]?.aborted).toBe(false);
    two.abort(new Error('two left'));
    await expect(both[1]).rejects.toThrow('two left');
    expect(signals[1]?.aborted).toBe(true);
  });

  it('that failed is asked again by the next one', async () => {
    let failures = 1;
    const scripted = new ScriptedEmbedder(async (texts, signal) => {
      if (failures === 0) return vectorsOf(texts, signal);
      failures -= 1;
      throw new CitestreamError('ACCESS_DENIED', 'No.');
    });
    const { batched } = layer(scripted);
    await expect(batched.embedQuery('a')).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(await batched.embedQuery('a')).toEqual(vectorOf('a'));
  });

  it('is forgotten when it has not been asked for longest', async () => {
    const scripted = new ScriptedEmbedder(vectorsOf);
    const { batched } = layer(scripted, { maxKeptQueries: 2 });
    for (const question of ['a', 'b', 'a', 'c', 'a', 'b']) await batched.embedQuery(question);
    expect(scripted.calls.flat()).toEqual(['a', 'b', 'c', 'b']);
  });

  it('does not wait behind the documents of an ingest', async () => {
    const scripted = new ScriptedEmbedder(vectorsOf, { maxBatchSize: 1 });
    const { batched } = layer(scripted, { maxParallel: 1 });
    const [, , vector] = await Promise.all([
      batched.embedDocuments(['a']),
      batched.embedDocuments(['b', 'c']),
      batched.embedQuery('urgent'),
    ]);
    expect(vector).toEqual(vectorOf('urgent'));
    expect(scripted.calls.flat().indexOf('urgent')).toBe(1);
  });
});
