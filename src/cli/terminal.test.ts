import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openTerminal, printable } from './terminal.ts';

const open = (
  environment: Readonly<Record<string, string>>,
  facts: { isTTY?: boolean; columns?: number } = {},
) => openTerminal(Object.assign(new PassThrough(), facts), environment);
const hasColor = (environment: Readonly<Record<string, string>>, isTTY: boolean) =>
  open(environment, { isTTY }).colors.isColorSupported;

describe('colour', () => {
  it('is where a terminal is, unless NO_COLOR or a dumb terminal', () => {
    expect(hasColor({}, true)).toBe(true);
    expect(hasColor({}, false)).toBe(false);
    expect(hasColor({ NO_COLOR: '1' }, true)).toBe(false);
    expect(hasColor({ NO_COLOR: '' }, true)).toBe(true);
    expect(hasColor({ TERM: 'dumb' }, true)).toBe(false);
  });

  it('follows FORCE_COLOR over everything', () => {
    expect(hasColor({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(hasColor({ FORCE_COLOR: '1', NO_COLOR: '1' }, true)).toBe(true);
    expect(hasColor({ FORCE_COLOR: '0' }, true)).toBe(false);
    expect(hasColor({ FORCE_COLOR: 'false' }, true)).toBe(false);
  });
});

describe('width', () => {
  it('follows the window within what can be read', () => {
    const window = { isTTY: true, columns: 60 };
    expect(open({}, window).width).toBe(60);
    expect(open({}, { columns: 500 }).width).toBe(100);
    expect(open({}, { columns: 5 }).width).toBe(20);
    expect(open({}, { columns: 0 }).width).toBe(80);
    expect(open({}).width).toBe(80);
  });
});

describe('links', () => {
  it('are given to terminals with colour alone', () => {
    expect(open({}, { isTTY: true }).link('a.md', 'file:///a.md')).toBe(
      '\u001B]8;;file:///a.md\u001B\\a.md\u001B]8;;\u001B\\',
    );
    expect(open({ NO_COLOR: '1' }, { isTTY: true }).link('a.md', 'file:///a.md')).toBe('a.md');
    expect(open({ FORCE_COLOR: '1' }).link('a.md', 'file:///a.md')).toBe('a.md');
  });
});

describe('printable', () => {
  it('drops what steers a terminal, and keeps lines and tabs', () => {
    expect(printable('a\tb\nc\r\u001B[2J\u0007\u009Bd')).toBe('a\tb\nc[2Jd');
  });
});
