import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

/** The repository's folder. */
export const root = resolve(import.meta.dirname, '..');

/** The guides, by their paths from the repository's folder. */
export const files: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
];

/** The text of a file of the repository. */
export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Every guide with the nodes of its Markdown. */
export const pages: readonly {
  readonly file: string;
  readonly text: string;
  readonly nodes: readonly Nodes[];
}[] = files.map((file) => {
  const text = read(file);
  return { file, text, nodes: [...walk(fromMarkdown(text))] };
});

/** Every block of code in the guides. */
export const snippets: readonly { readonly file: string; readonly lang: string; readonly value: string }[] =
  pages.flatMap(({ file, nodes }) =>
    nodes.flatMap((node) =>
      node.type === 'code' ? [{ file, lang: node.lang ?? '', value: node.value }] : [],
    ),
  );

function* walk(node: Nodes): Generator<Nodes> {
  yield node;
  if ('children' in node) for (const child of node.children) yield* walk(child);
}

function plain(node: Nodes): string {
  if ('value' in node) return node.value;
  return 'children' in node ? node.children.map(plain).join('') : '';
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(nodes: readonly Nodes[]): Set<string> {
  const anchors = new Set<string>();
  for (const heading of nodes.filter(({ type }) => type === 'heading')) {
    const slug = plain(heading)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    let anchor = slug;
    for (let number = 1; anchors.has(anchor); number += 1) anchor = `${slug}-${number}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The cells of the tables under a heading, the header and its rule left out; code without its backticks. */
export function tableUnder(file: string, heading: string): string[][] {
  const text = read(file);
  const start = text.indexOf(`## ${heading}\n`);
  if (start === -1) throw new Error(`${file} has no heading "${heading}".`);
  const level = /#*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  const rest = text.slice(start + heading.length + 4);
  const end = rest.search(new RegExp(`^#{1,${level + 2}} `, 'm'));
  const lines = rest.slice(0, end === -1 ? rest.length : end).split('\n');
  return lines
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

/** One column of a table. */
export const column = (rows: readonly string[][], index = 0): string[] =>
  rows.map((cells) => cells[index] ?? '');

/** The names that the list under a heading begins its items with. */
export function namesUnder(file: string, heading: string): string[] {
  const [, after] = read(file).split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (after === undefined) throw new Error(`${file} has no heading "${heading}".`);
  const [section = ''] = after.split(/^#+ /m);
  const beginnings = section.match(/^- (?:`\w+`(?: and )?)+/gm) ?? [];
  return beginnings.flatMap((beginning) => beginning.match(/\w+(?=`)/g) ?? []);
}

/** Whether a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
