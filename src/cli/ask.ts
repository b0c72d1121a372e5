import { addAbortSignal } from 'node:stream';
import type { Citestream } from '../citestream.ts';
import { InvalidInputError } from '../errors.ts';
import { citationData, doneData, sourceData } from '../server/turn-wire.ts';
import type { CommandContext, Invocation, RunCommand } from './command.ts';
import { parseFilters } from './parse-filters.ts';
import { printAnswer } from './print-answer.ts';
import { readAnswer, type Answer } from './read-answer.ts';
import { openWithDocuments } from './with-documents.ts';

/** `citestream ask "question"`: streams the answer, then lists the passages that it cites. */
export const ask: RunCommand = async (invocation) => {
  const { context, options, load } = invocation;
  const { stdout, directory, signal } = context;
  const { configuration } = load();
  const filters = parseFilters((options['filter'] ?? []) as readonly string[]);
  const question = await readQuestion(invocation, configuration.chat.maxMessageChars);
  await using citestream = await openWithDocuments(configuration, signal);
  const events = answerEvents(citestream);
  if (options['json'] === true) {
    stdout.write(`${JSON.stringify(answerData(await readAnswer(events)))}\n`);
    return 0;
  }
  await printAnswer(events, { terminal: stdout, store: citestream.store, directory });
  signal.throwIfAborted();
  return 0;

  /** One question leaves nothing behind; one of a session is stored with it. */
  function answerEvents({ engine, chat }: Citestream) {
    const given = { signal, ...(filters !== undefined && { filters }) };
    const sessionId = options['session'];
    return typeof sessionId === 'string'
      ? chat.stream({ sessionId, message: question, ...given })
      : engine.streamQuery(question, given);
  }
};

async function readQuestion({ words, context }: Invocation, maxChars: number): Promise<string> {
  const isPiped = words.length === 1 && words[0] === '-';
  const question = (isPiped ? await readInput(context, maxChars) : words.join(' ')).trim();
  if (question === '') {
    throw new InvalidInputError('The question is empty. Ask one: citestream ask "How do I begin?"');
  }
  if (question.length > maxChars) {
    throw new InvalidInputError(
      `The question has more than ${maxChars} characters, which is what chat.maxMessageChars allows.`,
    );
  }
  return question;
}

/** Standard input to its end, or until it is longer than any question may be. */
async function readInput({ stdin, signal }: CommandContext, maxChars: number): Promise<string> {
  addAbortSignal(signal, stdin).setEncoding('utf8');
  let question = '';
  for await (const part of stdin) {
    question += String(part);
    if (question.trim().length > maxChars) break;
  }
  return question;
}

/** The answer as the server's `POST /chat/` gives it. */
function answerData({ answer, sources, citations, ...done }: Answer): object {
  return {
    answer,
    sources: sources.map(sourceData),
    citations: citations.map(citationData),
    ...doneData({ type: 'done', ...done }),
  };
}
