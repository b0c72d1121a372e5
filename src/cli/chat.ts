import { randomUUID } from 'node:crypto';
import type { Citestream } from '../citestream.ts';
import type { Source } from '../citations/citation.ts';
import { suggestion } from '../config/nearest-name.ts';
import { openChatInput } from './chat-input.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { describeFailure } from './describe-failure.ts';
import { describeSource, printAnswer } from './print-answer.ts';
import { quantity } from './quantity.ts';
import { printable } from './terminal.ts';
import { openWithDocuments } from './with-documents.ts';
import { WordWrapper } from './word-wrapper.ts';

const COMMANDS = ['/help', '/sources', '/new', '/quit', '/exit'];
const HELP = [
  ['/sources', 'list the passages the last answer was made from'],
  ['/sources 2', 'read a whole passage'],
  ['/new', 'begin a new conversation'],
  ['/quit', 'leave, as Ctrl-D does'],
  ['Ctrl-C', 'stop the answer'],
] as const;

/** `citestream chat`: a conversation in the terminal, stored as a session. */
export const chat: RunCommand = async ({ context, options, load }) => {
  const { stdout, signal } = context;
  await using citestream = await openWithDocuments(load().configuration, signal);
  const conversation = new Conversation(citestream, context, options['session']);
  await conversation.greet();
  using input = openChatInput(context, stdout.colors.bold('› '));
  for (let line = await input.next(); line !== undefined; line = await input.next()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '/quit' || words[0] === '/exit') break;
    if (line.trim() === '') continue;
    await input.during(async (stop) => conversation.take(line.trim(), words, stop));
  }
  if (stdout.isTerminal) stdout.write('\n');
  signal.throwIfAborted();
  return 0;
};

class Conversation {
  readonly #citestream: Citestream;
  readonly #context: CommandContext;
  #sessionId: string;
  #sources: readonly Source[] = [];

  constructor(citestream: Citestream, context: CommandContext, sessionId: unknown) {
    this.#citestream = citestream;
    this.#context = context;
    this.#sessionId = typeof sessionId === 'string' ? sessionId : randomUUID();
  }

  /** Says what there is to ask, to a person. */
  async greet(): Promise<void> {
    const { stdout } = this.#context;
    if (!stdout.isTerminal) return;
    const { store, history } = this.#citestream;
    const { documents } = await store.count();
    const turns = (await history.session(this.#sessionId))?.turns ?? 0;
    const goesOn = turns === 0 ? '' : ` Going on after ${quantity(turns, 'question')}.`;
    stdout.write(
      `${stdout.colors.dim(`${quantity(documents, 'document')}.${goesOn} Ask, or type /help.`)}\n\n`,
    );
  }

  /** Answers a question, or does what a command says; what fails is told, and the conversation goes on. */
  async take(line: string, words: readonly string[], signal: AbortSignal): Promise<void> {
    const { stdout, stderr } = this.#context;
    try {
      if (!line.startsWith('/')) await this.#answer(line, signal);
      else if (words[0] === '/help') this.#help();
      else if (words[0] === '/new') this.#begin();
      else if (words[0] === '/sources') await this.#showSources(words[1]);
      else this.#refuse(words[0] ?? '');
    } catch (thrown) {
      if (signal.aborted) return;
      const { message } = describeFailure(thrown, { signal, debug: false });
      stderr.write(`${stderr.colors.red(message)}\n`);
    }
    stdout.write('\n');
  }

  async #answer(message: string, signal: AbortSignal): Promise<void> {
    const { stdout, directory } = this.#context;
    const { chat, store } = this.#citestream;
    stdout.write(stdout.isTerminal ? '\n' : '');
    const events = chat.stream({ sessionId: this.#sessionId, message, signal });
    const answer = await printAnswer(events, { terminal: stdout, store, directory });
    this.#sources = answer.sources;
  }

  #refuse(command: string): void {
    const hint = suggestion(command, COMMANDS) || '.';
    this.#context.stdout.write(`There is no ${command}${hint} /help lists what there is.\n`);
  }

  #help(): void {
    const { stdout } = this.#context;
    for (const [typed, meaning] of HELP) stdout.write(`${stdout.colors.cyan(typed.padEnd(12))}${meaning}\n`);
  }

  #begin(): void {
    this.#sessionId = randomUUID();
    this.#sources = [];
    this.#context.stdout.write('A new conversation.\n');
  }

  async #showSources(number: string | undefined): Promise<void> {
    const { stdout, directory } = this.#context;
    const { store } = this.#citestream;
    const chosen = this.#sources.filter(({ id }) => number === undefined || String(id) === number);
    if (chosen.length === 0) {
      stdout.write(
        this.#sources.length === 0
          ? 'There is no answer with sources yet.\n'
          : `There is no source ${number}: the last answer has 1 to ${this.#sources.length}.\n`,
      );
    }
    for (const source of chosen) {
      stdout.write(await describeSource(source, { terminal: stdout, store, directory }));
    }
    const [only] = chosen;
    if (number !== undefined && only !== undefined) {
      const wrapper = new WordWrapper({ width: stdout.isTerminal ? stdout.width : Infinity });
      stdout.write(`\n${wrapper.push(printable(only.text))}${wrapper.end()}\n`);
    }
  }
}
