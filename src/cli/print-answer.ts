import type { Source, Support } from '../citations/citation.ts';
import type { QueryEvent } from '../citations/query-event.ts';
import type { TurnEvent } from '../chat/turn-event.ts';
import type { VectorStore } from '../stores/vector-store.ts';
import { citedPlace } from './cited-place.ts';
import { createMarkerStyle } from './marker-style.ts';
import { excerpt, oneLine } from './one-line.ts';
import { readAnswer, type Answer } from './read-answer.ts';
import { locateSource } from './source-location.ts';
import { printable, type Terminal } from './terminal.ts';
import { WordWrapper } from './word-wrapper.ts';

/** Where an answer is printed. */
export interface PrintAnswerOptions {
  readonly terminal: Terminal;
  /** Knows where the documents came from. */
  readonly store: Pick<VectorStore, 'getDocument'>;
  readonly directory: string;
}

const FINISH_NOTES = {
  length: 'The answer was cut: the model reached its limit.',
  content_filter: "The answer was cut: the model's provider held it back.",
  stopped: 'Stopped.',
} as const;

/** Prints an answer as it streams, wrapped where a person reads it, and then the sources that it cites. */
export async function printAnswer(
  events: AsyncIterable<QueryEvent | TurnEvent>,
  options: PrintAnswerOptions,
): Promise<Answer> {
  const { terminal } = options;
  const { green, dim } = terminal.colors;
  const wrapper = new WordWrapper({
    width: terminal.isTerminal ? terminal.width : Infinity,
    style: createMarkerStyle(green),
  });
  let isLineOpen = false;
  const write = (text: string): void => {
    if (text === '') return;
    terminal.write(text);
    isLineOpen = !text.endsWith('\n');
  };
  try {
    const answer = await readAnswer(events, (text) => write(wrapper.push(printable(text))));
    write(wrapper.end());
    if (isLineOpen) write('\n');
    const note =
      answer.finishReason in FINISH_NOTES && FINISH_NOTES[answer.finishReason as keyof typeof FINISH_NOTES];
    if (note) write(dim(`\n${note}\n`));
    await printSources(answer, options);
    return answer;
  } finally {
    write(wrapper.end());
    // What follows, be it a prompt or an error, begins its own line.
    if (isLineOpen) write('\n');
  }
}

async function printSources(answer: Answer, options: PrintAnswerOptions): Promise<void> {
  const cited = answer.sources.filter((source) => answer.cited.includes(source.id));
  if (cited.length === 0) return;
  const { terminal } = options;
  terminal.write(`\n${terminal.colors.bold('Sources')}\n`);
  for (const source of cited) {
    const citations = answer.citations.filter(({ id }) => id === source.id);
    const place = citedPlace(answer.answer, citations[0]?.at ?? 0, source);
    const support = citations.map(({ support }) => support);
    terminal.write(await describeSource(source, { ...options, place, support }));
  }
}

/** One source: its number and name, where it can be opened, and how it begins, or reads at a place in it. */
export async function describeSource(
  source: Source,
  options: PrintAnswerOptions & { readonly place?: number; readonly support?: readonly Support[] },
): Promise<string> {
  const { terminal, store, directory, place = 0, support = [] } = options;
  const { green, yellow, cyan, dim } = terminal.colors;
  const passage = { start: source.start + place, text: source.text.slice(place) };
  const record = await store.getDocument(source.documentId);
  const location = record && (await locateSource(passage, { record, directory }));
  const where =
    location === undefined ? oneLine(source.uri) : terminal.link(cyan(oneLine(location.text)), location.url);
  const label = `[${source.id}]`;
  const indent = ' '.repeat(label.length + 1);
  const room = terminal.isTerminal ? terminal.width - indent.length : 200;
  return (
    `${green(label)} ${nameSource(source)}${supportNote(support, yellow)}\n` +
    `${indent}${where}\n` +
    `${indent}${dim(excerpt(passage.text, room))}\n`
  );
}

/** `Guide › Setup, page 3`; a heading that begins with the title is not named twice. */
function nameSource({ title, heading, page }: Source): string {
  const name =
    heading === undefined || heading === title
      ? title
      : heading.startsWith(`${title} › `)
        ? heading
        : `${title} › ${heading}`;
  return oneLine(page === undefined ? name : `${name}, page ${page}`);
}

function supportNote(support: readonly Support[], paint: (text: string) => string): string {
  if (support.includes('unsupported')) return ` ${paint('(does not bear out the answer)')}`;
  return support.includes('weak') ? ` ${paint('(bears the answer out weakly)')}` : '';
}
