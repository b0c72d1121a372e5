import { join, resolve, sep } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { numberedPath, uploadPath } from './upload-path.ts';

describe('the place of an uploaded file', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['papers/2024/a b.pdf', 'papers/2024/a b.pdf'],
    ['../../x', 'x'],
    ['a/../../b.md', 'a/b.md'],
    ['/etc/passwd', 'etc/passwd'],
    ['C:\\Users\\me\\notes.txt', 'Users/me/notes.txt'],
    ['..\\..\\x.md', 'x.md'],
    ['. . /x.md', 'x.md'],
    ['a\u0000b.md', 'a_b.md'],
    ['evil\u202efdp.exe', 'evil_fdp.exe'],
    ['.env', '_env'],
    ['..hidden/x', '_hidden/x'],
    ['con.txt', '_con.txt'],
    ['AUX', '_AUX'],
    ['lpt1.tar.gz', '_lpt1.tar.gz'],
    ['console.txt', 'console.txt'],
    ['name. . ', 'name'],
    ['', 'unnamed'],
    ['...', 'unnamed'],
    ['///', 'unnamed'],
    ['C:', 'unnamed'],
    ['cafe\u0301.md', 'caf\u00e9.md'],
    ['a<b>|c?.md', 'a_b__c_.md'],
  ])('of %j is %j', (name, place) => {
    expect(uploadPath(name)).toBe(place);
  });

  it('keeps the last folders of a deep one', () => {
    expect(uploadPath(`${'deep/'.repeat(50)}x.md`)).toBe(`${'deep/'.repeat(8)}x.md`);
  });

  it('of a long name is short, keeps its extension, and differs from that of another long name', () => {
    const [one, other] = [uploadPath(`${'並'.repeat(500)}1.pdf`), uploadPath(`${'並'.repeat(500)}2.pdf`)];
    expect(Buffer.byteLength(one)).toBeLessThanOrEqual(160);
    expect(one.endsWith('.pdf')).toBe(true);
    expect(one).not.toBe(other);
  });

  it('is inside the folder, not hidden, and itself a name of its own, for any name', () => {
    const parts = fc.constantFrom(
      '..',
      '.',
      '/',
      '\\',
      '\u0000',
      'C:',
      'nul',
      ' ',
      'a',
      '.md',
      '～',
      'é',
      '\ud800',
    );
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts, { maxLength: 30 }).map((all) => all.join('')),
    );
    const root = resolve('/data/uploads');
    fc.assert(
      fc.property(names, (name) => {
        const place = uploadPath(name);
        expect(join(root, place).startsWith(root + sep)).toBe(true);
        expect(place.split('/').every((part) => part !== '' && !part.startsWith('.'))).toBe(true);
        expect(place).not.toContain('\u0000');
        expect(uploadPath(place)).toBe(place);
      }),
      { numRuns: 300 },
    );
  });

  it('gets a number before its extension', () => {
    expect(numberedPath('a.b/c.pdf', 2)).toBe('a.b/c (2).pdf');
    expect(numberedPath('a.b/c', 3)).toBe('a.b/c (3)');
  });
});
