import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './parse-json.ts';

describe('parseJson', () => {
  it('reads what is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseJson(JSON.stringify(value, null, 2))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    ['{ "port": 80,\n  "host" "x" }', "Expected ':' after property name (line 2, column 10)"],
    ['{"port": nope,\n"key": "a secret"}', "Unexpected token 'o' (line 1, column 11)"],
    ['// the port\n{"port": 80}', "Unexpected token '/' (line 1, column 1)"],
    ['{"on": tru}\n', "Unexpected token '}' (line 1, column 11)"],
    ['{"port": 80} x', 'Unexpected non-whitespace character after JSON (line 1, column 14)'],
    ['{"port": 80,\n}', 'Expected double-quoted property name (line 2, column 1)'],
    ['', 'Unexpected end of JSON input (line 1, column 1)'],
    ['{"port":', 'Unexpected end of JSON input (line 1, column 9)'],
  ])('names the place of the fault in %j', (text, message) => {
    expect(() => parseJson(text)).toThrow(new SyntaxError(message));
  });

  it('says it in one line, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseJson(text);
        } catch (error) {
          expect((error as Error).message).toMatch(/^[^\n]+ \(line \d+, column \d+\)$/);
        }
      }),
    );
  });
});
