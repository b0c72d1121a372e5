import { execFileSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { curlCommand } from './curl-command.ts';

/** What a shell would hand to curl. */
const wordsOf = (command: string): readonly string[] =>
  execFileSync('sh', ['-c', command.replace(/^curl/, String.raw`printf '%s\0'`)], {
    env: { API_KEY: 'a-key' },
    encoding: 'utf8',
  }).split('\0');

describe('curlCommand', () => {
  it.each(["What's new?", 'Is $HOME "safe" in `quotes`?', String.raw`a \ and a '; rm -rf /; '`])(
    'hands the question to curl as it is: %s',
    (question) => {
      const words = wordsOf(curlCommand('http://127.0.0.1:8000', question));
      expect(words.slice(0, 2)).toEqual(['-N', 'http://127.0.0.1:8000/chat/stream/']);
      expect(JSON.parse(words.at(-2) ?? '')).toEqual({ message: question });
    },
  );

  it('takes the key from the environment where one is needed', () => {
    const words = wordsOf(curlCommand('http://127.0.0.1:8000', 'What?', { needsKey: true }));
    expect(words).toContain('authorization: Bearer a-key');
  });
});
