import { describe, expect, it } from 'vitest';

import { leansOnTheTurnBefore } from './follow-up.ts';

describe('a question that leans on the turn before', () => {
  it.each([
    'And how is it stopped?',
    'What about Qdrant?',
    'Why?',
    'How large are they?',
    'Can this be changed?',
    'What is the other one?',
    'But why forty?',
  ])('is seen: %s', (question) => {
    expect(leansOnTheTurnBefore(question)).toBe(true);
  });

  it.each([
    'How many workers does the pool hold by default?',
    'Which formats does citestream ingest read?',
    'What happens to a running answer when the reader disconnects?',
    'How does the streaming citation parser treat numbers which were never given to a model in any of the numbered sources?',
  ])('is not seen in one that stands alone: %s', (question) => {
    expect(leansOnTheTurnBefore(question)).toBe(false);
  });
});
