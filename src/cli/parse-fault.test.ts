import { describe, expect, it } from 'vitest';
import { parseFault } from './parse-fault.ts';

const words = {
  kinds: ['throttle', 'stall'],
  names: { rate: 'rate', after: 'afterTokens', model: 'modelId' },
  texts: new Set(['model']),
};

describe('--fault', () => {
  it('is a kind, alone or with settings', () => {
    expect(parseFault('stall', words)).toEqual({ kind: 'stall' });
    expect(parseFault('throttle:rate=0.5,after=3', words)).toEqual({
      kind: 'throttle',
      rate: 0.5,
      afterTokens: 3,
    });
    expect(parseFault('throttle:model=a.b-v1:0', words)).toEqual({ kind: 'throttle', modelId: 'a.b-v1:0' });
  });

  it.each([
    ['other', 'there are throttle, stall'],
    ['', 'there are throttle, stall'],
    ['stall:often=1', 'rate=NUMBER, after=NUMBER, model=TEXT'],
    ['stall:rate', 'rate=NUMBER'],
    ['stall:rate=much', '"rate=much"'],
    ['stall:rate=', '"rate="'],
  ])('that is wrong says what there is: %s', (text, sentence) => {
    expect(() => parseFault(text, words)).toThrow(sentence);
  });
});
