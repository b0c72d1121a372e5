import { describe, expect, it } from 'vitest';
import { createMarkerStyle } from './marker-style.ts';

const style = (...words: readonly string[]) => {
  const styleWord = createMarkerStyle((marker) => `<${marker}>`);
  return words.map((word) => styleWord(word)).join('');
};

describe('createMarkerStyle', () => {
  it('colours markers, also several at once and within punctuation', () => {
    expect(style('One', ' ', '[1][12].', '\n', '(see', ' ', '[3])')).toBe('One <[1]><[12]>.\n(see <[3]>)');
  });

  it('leaves code, links and other brackets alone', () => {
    expect(style('`a[1]`', ' ', 'b', ' ', '[2]')).toBe('`a[1]` b <[2]>');
    expect(style('`one', ' ', '[1]', ' ', 'two`', ' ', '[2]')).toBe('`one [1] two` <[2]>');
    expect(style('```', '\n', '[1]', '\n', '```', '\n', '[2]')).toBe('```\n[1]\n```\n<[2]>');
    expect(style('[text][1]', ' ', '[x]', ' ', '[ 1]')).toBe('[text][1] [x] [ 1]');
  });
});
