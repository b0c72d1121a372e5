import { PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TurnEvent } from '../chat/turn-event.ts';
import type { Source, Support } from '../citations/citation.ts';
import type { QueryEvent } from '../citations/query-event.ts';
import { printAnswer } from './print-answer.ts';
import { openTerminal } from './terminal.ts';

const source = (id: number, more: Partial<Source> = {}): Source => ({
  id,
  chunkId: `c${id}`,
  documentId: `d${id}`,
  title: 'Guide',
  uri: `docs/guide-${id}.md`,
  start: 0,
  end: 10,
  score: 1,
  text: `Passage ${id}\nis here.`,
  ...more,
});

const done: QueryEvent = {
  type: 'done',
  finishReason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1 },
  cited: [1, 3],
  timings: { retrievalMs: 1, firstTokenMs: 2, totalMs: 3 },
};

const citation = (id: number, support: Support): QueryEvent => ({
  type: 'citation',
  citation: { id, chunkId: `c${id}`, at: 0, support },
});

async function* events(
  texts: readonly string[],
  ...after: readonly (QueryEvent | TurnEvent)[]
): AsyncGenerator<QueryEvent | TurnEvent> {
  const heading = { heading: 'Guide › Setup', page: 4 };
  yield { type: 'sources', sources: [source(1, heading), source(2), source(3, { title: 'A\u001B[2J' })] };
  for (const text of texts) yield { type: 'token', text };
  yield* after;
}

async function print(
  answer: AsyncIterable<QueryEvent | TurnEvent>,
  { isTTY = false, environment = {} }: { isTTY?: boolean; environment?: Record<string, string> } = {},
) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 30 });
  const printed = { text: '', error: undefined as unknown };
  await printAnswer(answer, {
    terminal: openTerminal(stream, environment),
    store: { getDocument: async () => undefined },
    directory: '/',
  }).catch((error: unknown) => (printed.error = error));
  printed.text = (stream.read() as Buffer | null)?.toString() ?? '';
  return printed;
}

describe('printAnswer', () => {
  it('prints the answer and then the cited sources alone', async () => {
    const { text } = await print(events(['One two [1] three', ' four [3].'], done));
    expect(text).toBe(
      [
        'One two [1] three four [3].',
        '',
        'Sources',
        '[1] Guide › Setup, page 4',
        '    docs/guide-1.md',
        '    Passage 1 is here.',
        '[3] A[2J',
        '    docs/guide-3.md',
        '    Passage 3 is here.',
        '',
      ].join('\n'),
    );
  });

  it('wraps and colours on a terminal', async () => {
    const { text } = await print(events(['A sentence that is longer than a line [1]. `[2]`'], done), {
      isTTY: true,
    });
    expect(text).toContain('A sentence that is longer than\na line \u001B[32m[1]\u001B[39m. `[2]`\n');
    expect(text).toContain('\u001B[1mSources');
  });

  it('keeps to plain text where NO_COLOR asks for it, and still wraps', async () => {
    const { text } = await print(events(['A sentence that is longer than a line [1].'], done), {
      isTTY: true,
      environment: { NO_COLOR: '1' },
    });
    expect(text).toContain('A sentence that is longer than\na line [1].\n');
    expect(text).not.toContain('\u001B');
  });

  it('prints the same however the answer is cut into tokens', async () => {
    const answer =
      'First [1], a `code [2]` and\n\n- an item that is long enough to wrap [3]\n\n```\n[1]\n```\nend [2]';
    const whole = await print(events([answer], done), { isTTY: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: answer.length })), async (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), answer.length];
        const tokens = ends.map((end, index) => answer.slice(ends[index - 1] ?? 0, end));
        expect(await print(events(tokens, done), { isTTY: true })).toEqual(whole);
      }),
    );
  });

  it('lets nothing of a document steer the terminal', async () => {
    const { text } = await print(events(['a\u001B]0;title\u0007b\u001B[2J'], done));
    expect(text).not.toContain('\u001B');
  });

  it('says which citations do not bear the answer out', async () => {
    const { text } = await print(
      events(['x [1][3]'], citation(1, 'supported'), citation(1, 'weak'), citation(3, 'unsupported'), done),
    );
    expect(text).toContain('page 4 (bears the answer out weakly)');
    expect(text).toContain('A[2J (does not bear out the answer)');
  });

  it('says why an answer is cut', async () => {
    const { text } = await print(events(['Half'], { ...done, finishReason: 'length', cited: [] }));
    expect(text).toBe('Half\n\nThe answer was cut: the model reached its limit.\n');
  });

  it('ends the line before a failure is told', async () => {
    const failure: TurnEvent = { type: 'error', code: 'LLM_FAILED', message: 'Gone.', retryable: true };
    const { text, error } = await print(events(['Half an ans'], failure));
    expect(text).toBe('Half an ans\n');
    expect(error).toMatchObject({ code: 'LLM_FAILED', message: 'Gone.' });
  });
});
