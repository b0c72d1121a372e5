import { describe, expect, it } from 'vitest';

import { conversation } from './conversation.ts';
import type { TurnOutcome, TurnRecord } from './history-store.ts';

function turn(question: string, outcome?: Partial<TurnOutcome>): TurnRecord {
  const base = { turnId: question, sessionId: 's', question, createdAt: '2026-01-01T00:00:00.000Z' };
  if (outcome === undefined) return { ...base, status: 'running' };
  const whole: TurnOutcome = { status: 'complete', answer: 'Yes.', sources: [], citations: [], ...outcome };
  return { ...base, status: whole.status, outcome: whole };
}

const questions = (turns: readonly TurnRecord[], maxTokens = 1000) =>
  conversation(turns, maxTokens)
    .filter(({ role }) => role === 'user')
    .map(({ content }) => content);

describe('the conversation before a turn', () => {
  it('alternates between user and assistant, oldest first', () => {
    expect(conversation([turn('One?', {}), turn('Two?', { answer: 'No.' })], 1000)).toEqual([
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'Two?' },
      { role: 'assistant', content: 'No.' },
    ]);
  });

  it('leaves out turns that failed, run still or have no answer, and keeps partial ones', () => {
    const turns = [
      turn('Failed?', { status: 'failed' }),
      turn('Empty?', { answer: '' }),
      turn('Partial?', { status: 'partial' }),
      turn('Running?'),
    ];
    expect(questions(turns)).toEqual(['Partial?']);
  });

  it('keeps the last whole turns that fit the budget', () => {
    const long = turn('Long?', { answer: 'x'.repeat(400) });
    expect(questions([turn('Old?', {}), long, turn('New?', {})], 50)).toEqual(['New?']);
    expect(questions([turn('Old?', {}), long, turn('New?', {})], 500)).toEqual(['Old?', 'Long?', 'New?']);
    expect(questions([turn('New?', {})], 0)).toEqual([]);
  });

  it('takes out the markers that were citations and leaves other brackets alone', () => {
    const answer = 'By a pool [1][2]. See `a[1]`. Really [2].';
    const citations = [
      { id: 1, chunkId: 'a', at: 10, support: 'supported' },
      { id: 2, chunkId: 'b', at: 13, support: 'weak' },
      { id: 2, chunkId: 'b', at: answer.lastIndexOf('[2]'), support: 'weak' },
    ] as const;
    const [, reply] = conversation([turn('How?', { answer, citations })], 1000);
    expect(reply?.content).toBe('By a pool. See `a[1]`. Really.');
  });
});
