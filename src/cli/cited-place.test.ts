import { describe, expect, it } from 'vitest';
import { citedPlace } from './cited-place.ts';

const text =
  '# Guide\n\nA turn is one question.\n\n## Stop\n\nA turn is stopped with a DELETE request. Then it ends.\n';

const placeOf = (answer: string): string => {
  const at = answer.lastIndexOf('[');
  return text.slice(citedPlace(answer, at, { text })).split('\n')[0] ?? '';
};

describe('citedPlace', () => {
  it('finds the sentence that was quoted', () => {
    expect(placeOf('Quoted:\n\n“A turn is stopped with a DELETE request.” [1]')).toMatch(
      /^A turn is stopped/,
    );
    expect(placeOf('“A turn is one question.” [1] [2]')).toMatch(/^A turn is one/);
  });

  it('finds the sentence that was put into other words', () => {
    expect(placeOf('A turn is one question [1]. To stop it, send a DELETE request [2].')).toMatch(
      /^A turn is stopped/,
    );
  });

  it('is the beginning where nothing is alike', () => {
    expect(placeOf('Bananas are yellow [1].')).toBe('# Guide');
    expect(citedPlace('', 0, { text: '' })).toBe(0);
  });
});
