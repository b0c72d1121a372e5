import type { ChatMessage } from '../llms/llm.ts';
import type { TurnRecord } from './history-store.ts';

/** Characters a token has on average; the budget is about cost, not about a hard limit. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * The messages of earlier turns, oldest first, as many of the last whole turns as fit the budget. Failed turns and
 * those under way are left out. Citation markers are taken out of earlier answers: their numbers mean other sources now.
 */
export function conversation(turns: readonly TurnRecord[], maxTokens: number): readonly ChatMessage[] {
  const messages: ChatMessage[] = [];
  let characters = maxTokens * CHARACTERS_PER_TOKEN;
  for (const turn of turns.toReversed()) {
    const { outcome } = turn;
    if (outcome === undefined || outcome.status === 'failed' || outcome.answer === '') continue;
    const answer = withoutMarkers(outcome.answer, outcome.citations);
    characters -= turn.question.length + answer.length;
    if (characters < 0) break;
    messages.unshift({ role: 'user', content: turn.question }, { role: 'assistant', content: answer });
  }
  return messages;
}

function withoutMarkers(
  answer: string,
  citations: readonly { readonly id: number; readonly at: number }[],
): string {
  let text = '';
  let position = 0;
  for (const { id, at } of citations.toSorted((a, b) => a.at - b.at)) {
    const marker = `[${id}]`;
    if (at < position || !answer.startsWith(marker, at)) continue;
    text += answer.slice(position, at).replace(/ $/, '');
    position = at + marker.length;
  }
  return text + answer.slice(position);
}
