import { describe, expect, it } from 'vitest';

import { claimBefore } from './support-check.ts';

describe('the claim before a marker', () => {
  it.each([
    [
      'the sentence it ends',
      'The lamp burns oil. The keeper climbs the tower',
      'The keeper climbs the tower',
    ],
    ['the sentence before its full stop', 'The lamp burns. The keeper climbs.', 'The keeper climbs.'],
    [
      'the sentence with an abbreviation',
      'It burns. Lamps, e.g. this one, burn oil',
      'Lamps, e.g. this one, burn oil',
    ],
    ['the sentence with a decimal', 'It burns. The tower has 3.5 floors', 'The tower has 3.5 floors'],
    ['the item of a list', 'They say:\n- The lamp burns oil', 'The lamp burns oil'],
    ['the item of a numbered list', 'They say:\n\n2. The lamp burns oil', 'The lamp burns oil'],
    [
      'the part behind the marker before',
      'The lamp burns oil [1], and the keeper climbs the tower',
      ', and the keeper climbs the tower',
    ],
    [
      'the whole sentence where the part is short',
      'The lamp of the tower burns oil [1] by night',
      'The lamp of the tower burns oil by night',
    ],
    [
      'the same sentence behind another marker',
      'The lamp burns. The keeper climbs the tower. [1]',
      'The keeper climbs the tower.',
    ],
    ['a sentence without spaces', '灯りは油で燃える。灯台守は塔に登る', '灯台守は塔に登る'],
    ['nothing', '', ''],
  ])('is %s', (_name, answer, claim) => {
    expect(claimBefore(answer)).toBe(claim);
  });

  it('is bounded, however long the answer is', () => {
    expect(claimBefore('lamp '.repeat(100_000)).length).toBeLessThanOrEqual(1500);
  });
});
