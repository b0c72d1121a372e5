import { PassThrough } from 'node:stream';
import stringWidth from 'string-width';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBar, openProgressBar } from './progress-bar.ts';
import { openTerminal } from './terminal.ts';

const open = (facts: { isTTY?: boolean; columns?: number } = {}) => {
  const stream = Object.assign(new PassThrough(), facts);
  return { stream, terminal: openTerminal(stream, { NO_COLOR: '1' }) };
};

describe('formatBar', () => {
  const { terminal } = open({ isTTY: true, columns: 80 });

  it('shows how far it is, the facts, and the time that is left', () => {
    expect(formatBar({ progress: 0.5, eta: 75 }, ['5/10 files'], terminal)).toBe(
      '████████████░░░░░░░░░░░░ 50% · 5/10 files · 1 min 15 s left',
    );
    expect(formatBar({ progress: 0, eta: 0 }, [], terminal)).toBe(`${'░'.repeat(24)} 0%`);
  });

  it('fits on a line, however narrow it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 120 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.string({ maxLength: 30 })),
        (columns, progress, facts) => {
          const narrow = open({ isTTY: true, columns }).terminal;
          expect(stringWidth(formatBar({ progress, eta: 7 }, facts, narrow))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

describe('openProgressBar', () => {
  it('hides the cursor while it is drawn and gives it back', () => {
    const { stream, terminal } = open({ isTTY: true, columns: 80 });
    openProgressBar(terminal, 10)[Symbol.dispose]();
    const drawn = String(stream.read());
    expect(drawn.indexOf('\u001B[?25l')).toBeLessThan(drawn.indexOf('░'));
    expect(drawn.lastIndexOf('\u001B[?25h')).toBeGreaterThan(drawn.indexOf('░'));
  });

  it('draws nothing where nobody watches', () => {
    const { stream, terminal } = open();
    using bar = openProgressBar(terminal, 10);
    bar.update(5, ['half']);
    expect(stream.read()).toBeNull();
  });
});
