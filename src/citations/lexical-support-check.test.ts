import { describe, expect, it } from 'vitest';

import type { Source, Support } from './citation.ts';
import { lexicalSupportCheck } from './lexical-support-check.ts';

function source(text: string, id = 1): Source {
  return {
    id,
    chunkId: `c${id}`,
    documentId: 'd',
    title: 'A document',
    uri: 'a.md',
    start: 0,
    end: text.length,
    score: 1,
    text,
  };
}

function check(claim: string, text: string, alsoCited: readonly string[] = []): Support {
  return lexicalSupportCheck({
    claim,
    source: source(text),
    alsoCited: alsoCited.map((each, index) => source(each, index + 2)),
  });
}

const fastapi =
  'FastAPI runs an endpoint declared with def in a thread pool. The pool has 40 threads by default, and the 41st ' +
  'request waits in a queue until a thread is free. Endpoints declared with async def run on the event loop.';
const coffee =
  'The cooperative was founded in 1987 by eleven farmers. It exports arabica to Norway. No pesticides are used.';

describe('a citation', () => {
  it.each([
    ['the very words', 'The pool has 40 threads by default', fastapi],
    ['the words with other marks', '“Endpoints, declared with `async def`, run on the event loop.”', fastapi],
    ['other forms of the words', 'An endpoint declaring def is running in thread pools.', fastapi],
    [
      'words of two sentences that follow each other',
      'The pool of 40 threads lets the 41st request wait.',
      fastapi,
    ],
    ['a number in words', 'It was founded by 11 farmers in 1987.', coffee],
    ['a negation of its own', 'The farmers use no pesticides.', coffee],
    ['words of Chinese', '线程池默认有四十个线程。', '线程池默认有四十个线程，其余请求排队等待。'],
    [
      'words of Japanese in another order',
      '図書館は月曜日に閉まる。',
      '月曜日は図書館が休館となり、閉まる。',
    ],
    [
      'words of German',
      'Die Genossenschaft wurde von elf Bauern gegründet.',
      'Elf Bauern gründeten die Genossenschaft; sie wurde 1987 von ihnen gegründet.',
    ],
  ])('is supported by a source with %s', (_name, claim, text) => {
    expect(check(claim, text)).toBe('supported');
  });

  it.each([
    ['a number that the source does not have', 'The pool has 80 threads by default.', fastapi],
    ['another year', 'The cooperative was founded in 1978 by eleven farmers.', coffee],
    ['a negation that the source does not have', 'The pool does not have 40 threads by default.', fastapi],
    ['a negation lost', 'Pesticides are used.', coffee],
    [
      'half of it made up',
      'The cooperative exports arabica, tea and honey to Norway, Japan and Peru.',
      coffee,
    ],
  ])('with %s is not supported', (_name, claim, text) => {
    expect(['weak', 'unsupported']).toContain(check(claim, text));
  });

  it.each([
    ['another subject', 'The keeper climbs the tower at dusk to light the lamp.', fastapi],
    ['one word in common', 'Norway has deep fjords and long winters.', coffee],
    [
      'another subject in Chinese',
      '灯塔管理员每天傍晚登上灯塔。',
      '线程池默认有四十个线程，其余请求排队等待。',
    ],
  ])('of %s is unsupported', (_name, claim, text) => {
    expect(check(claim, text)).toBe('unsupported');
  });

  it.each([
    ['holds no words', '…', fastapi],
    ['holds nothing but small words', 'It is what it was.', fastapi],
    [
      'is in another language',
      'Die Genossenschaft wurde von elf Bauern gegründet und liefert Kaffee.',
      coffee,
    ],
    ['is in another script', '合作社由十一位农民创立。', coffee],
  ])('of a claim that %s is unchecked', (_name, claim, text) => {
    expect(check(claim, text)).toBe('unchecked');
  });

  it('is supported where sources cited together make up the claim, and each holds a part', () => {
    const claim = 'FastAPI has a pool of 40 threads, and the cooperative exports arabica to Norway.';
    expect(check(claim, coffee)).not.toBe('supported');
    expect(check(claim, coffee, [fastapi])).toBe('supported');
    expect(check(claim, 'Gulls nest on the cliffs in spring.', [fastapi, coffee])).toBe('unsupported');
  });

  it('has the same support however often it is checked', () => {
    const once = source(coffee);
    const claims = [
      'It exports arabica to Norway.',
      'It exports tea to Peru.',
      'It exports arabica to Norway.',
    ];
    const found = claims.map((claim) => lexicalSupportCheck({ claim, source: once, alsoCited: [] }));
    expect(found[0]).toBe('supported');
    expect(found[2]).toBe(found[0]);
    expect(found[1]).not.toBe('supported');
  });
});
