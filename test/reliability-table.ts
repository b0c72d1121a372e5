/** What came of one turn with a fault in its way. */
export interface Seen {
  /** As in `answer` or `error THROTTLED`, with whether the reader is told that trying again can help. */
  readonly reader: string;
  /** What the history has of it. */
  readonly stored: string;
  /** How often the provider was asked. */
  readonly asked: number;
}

/** One fault with one provider: when every request meets it, and when only the first one does. */
export interface Cell {
  readonly fault: string;
  readonly provider: string;
  readonly always: Seen;
  readonly once: Seen;
}

const HEADER = [
  'Fault',
  'Provider',
  'Every request: the reader sees',
  'Stored',
  'Asked',
  'One request: the reader sees',
  'Stored',
  'Asked',
];

const BEGIN = '<!-- reliability:begin, written by npm test -- reliability -->';
const END = '<!-- reliability:end -->';

/** The table of the guide; providers that do the same with a fault share a row. */
export function reliabilityTable(cells: readonly Cell[]): string {
  const rows = new Map<string, { readonly cell: Cell; readonly providers: string[] }>();
  for (const cell of cells) {
    const key = JSON.stringify([cell.fault, cell.always, cell.once]);
    const row = rows.get(key) ?? { cell, providers: [] };
    row.providers.push(cell.provider);
    rows.set(key, row);
  }
  const lines = [HEADER, HEADER.map(() => '---')];
  for (const { cell, providers } of rows.values()) {
    const names = providers.join(', ');
    lines.push([`\`${cell.fault}\``, names, ...columnsOf(cell.always), ...columnsOf(cell.once)]);
  }
  return lines.map((columns) => `| ${columns.join(' | ')} |`).join('\n');
}

/** The guide with the table between its markers; throws where it has none. */
export function withTable(guide: string, table: string): string {
  const begin = guide.indexOf(BEGIN);
  const end = guide.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`The guide has no ${BEGIN} … ${END}.`);
  return `${guide.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${guide.slice(end)}`;
}

const columnsOf = ({ reader, stored, asked }: Seen): string[] => [reader, stored, times(asked)];

const times = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`);
