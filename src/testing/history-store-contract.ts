import { describe, expect, it } from 'vitest';

import type { HistoryStore, TurnOutcome } from '../chat/history-store.ts';

const outcome: TurnOutcome = {
  status: 'complete',
  answer: 'By a pool of workers [1].',
  sources: [
    {
      id: 1,
      chunkId: 'c1',
      documentId: 'd1',
      title: 'Pools',
      uri: 'docs/pools.md',
      start: 0,
      end: 9,
      score: 1.5,
      text: 'A passage',
    },
  ],
  citations: [{ id: 1, chunkId: 'c1', at: 22, support: 'supported' }],
  finishReason: 'stop',
  usage: { inputTokens: 12, outputTokens: 7 },
  timings: { queueMs: 0, retrievalMs: 3, firstTokenMs: 5, totalMs: 9 },
};

/** What every history store must do; `make` gives a new, empty one. */
export function describeHistoryStore(name: string, make: () => Promise<HistoryStore>): void {
  describe(`${name} as a history store`, () => {
    it('gives back a turn exactly as it ended', async () => {
      await using history = await make();
      await history.beginTurn({
        turnId: 't1',
        sessionId: 's1',
        question: 'How do "pools" work?\n{braces} 並行',
      });
      await history.finishTurn('t1', outcome);
      const [turn] = await history.turns('s1');
      expect(turn).toMatchObject({
        turnId: 't1',
        sessionId: 's1',
        question: 'How do "pools" work?\n{braces} 並行',
        status: 'complete',
      });
      expect(turn?.outcome).toEqual(outcome);
    });

    it('shows a turn that runs, without an outcome', async () => {
      await using history = await make();
      await history.beginTurn({ turnId: 't1', sessionId: 's1', question: 'What?' });
      const turns = await history.turns('s1');
      expect(turns.map(({ status, outcome }) => ({ status, outcome }))).toEqual([
        { status: 'running', outcome: undefined },
      ]);
    });

    it('keeps the turns of a session in order, apart from other sessions, and gives the last ones', async () => {
      await using history = await make();
      for (const [turnId, sessionId] of [
        ['t1', 'a'],
        ['t2', 'b'],
        ['t3', 'a'],
        ['t4', 'a'],
      ] as const) {
        await history.beginTurn({ turnId, sessionId, question: turnId });
      }
      const ids = async (sessionId: string, limit?: number) =>
        (await history.turns(sessionId, limit === undefined ? {} : { limit })).map(({ turnId }) => turnId);
      expect(await ids('a')).toEqual(['t1', 't3', 't4']);
      expect(await ids('a', 2)).toEqual(['t3', 't4']);
      expect(await ids('b')).toEqual(['t2']);
      expect(await ids('nobody')).toEqual([]);
    });

    it('lists sessions with a title from their first question, the last used first', async () => {
      await using history = await make();
      await history.beginTurn({ turnId: 't1', sessionId: 'a', question: `  Why\n\n${'so '.repeat(100)}?` });
      await history.finishTurn('t1', outcome);
      await history.beginTurn({ turnId: 't2', sessionId: 'b', question: 'What?' });
      await history.finishTurn('t2', outcome);
      const sessions = await history.sessions();
      expect(new Set(sessions.map(({ id }) => id))).toEqual(new Set(['a', 'b']));
      const first = await history.session('a');
      expect(first).toMatchObject({ id: 'a', turns: 1 });
      expect(first?.title.startsWith('Why so so')).toBe(true);
      expect(first?.title.length).toBeLessThanOrEqual(80);
      const used = sessions.map(({ updatedAt }) => updatedAt);
      expect(used).toEqual(used.toSorted().toReversed());
      expect((await history.sessions({ limit: 1, offset: 1 })).map(({ id }) => id)).toEqual([
        sessions[1]?.id,
      ]);
    });

    it('deletes a session with all its turns, once', async () => {
      await using history = await make();
      await history.beginTurn({ turnId: 't1', sessionId: 'a', question: 'What?' });
      expect(await history.deleteSession('a')).toBe(true);
      expect(await history.deleteSession('a')).toBe(false);
      expect(await history.turns('a')).toEqual([]);
      expect(await history.session('a')).toBeUndefined();
    });

    it('takes the end of a turn whose session was deleted meanwhile', async () => {
      await using history = await make();
      await history.beginTurn({ turnId: 't1', sessionId: 'a', question: 'What?' });
      await history.deleteSession('a');
      await history.finishTurn('t1', outcome);
      expect(await history.turns('a')).toEqual([]);
    });
  });
}
