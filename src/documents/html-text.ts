import type { DefaultTreeAdapterTypes } from 'parse5';

import type { HeadingPosition } from './document.ts';
import { HeadingOutline } from './heading-outline.ts';
import { type Mark, TextWriter } from './text-writer.ts';

type Node = DefaultTreeAdapterTypes.Node;
type TextNode = DefaultTreeAdapterTypes.TextNode;
type Element = DefaultTreeAdapterTypes.Element;

const words = (list: string) => new Set(list.split(' '));
/** Never shown as text by a browser, or shown as markup. */
const NOT_SHOWN = words(
  'head title script style template noscript iframe frame frameset noframes noembed object embed applet svg math canvas ' +
    'audio video map datalist select textarea xmp plaintext rp',
);
const PARAGRAPHS = words(
  'p h1 h2 h3 h4 h5 h6 ul ol dl table pre blockquote figure hr article section main aside header footer nav details ' +
    'fieldset form',
);
const LINES = words('div li dt dd tr caption legend summary address figcaption body center dir menu option');
/** What is a line of its own elsewhere stays in the row of a table's cell. */
const FLOWS_IN_CELLS = words('p div address center section article');
const HEADING = /^h[1-6]$/;
const HIDDEN_STYLE = /(?:^|;)\s{0,20}(?:display\s{0,20}:\s{0,20}none|visibility\s{0,20}:\s{0,20}hidden)/i;

/** The visible text of a page and where its headings begin. */
export interface HtmlText {
  readonly text: string;
  readonly headings: readonly HeadingPosition[];
  /** The first heading of the first level. */
  readonly firstTitle: string | undefined;
}

/** Renders a parsed page as text: blocks become lines, cells are parted by `|`, and nothing hidden is in it. */
export function htmlText(document: Node): HtmlText {
  const writer = new TextWriter();
  const outline = new HeadingOutline();
  let firstTitle: string | undefined;
  // A stack of our own, since pages nest deeper than calls can; a function stands for what follows the children.
  const stack: (Node | (() => void))[] = [document];
  let preformatted = 0;
  let cells = 0;

  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (typeof next === 'function') next();
    else if (next.nodeName === '#text') writer.write((next as TextNode).value, preformatted > 0);
    else if ('tagName' in next) {
      if (!isHidden(next)) enter(next);
    } else if ('childNodes' in next) pushChildren(next);
  }
  return { text: writer.finish(), headings: outline.positions, firstTitle };

  function pushChildren(parent: { readonly childNodes: readonly Node[] }): void {
    for (let index = parent.childNodes.length - 1; index >= 0; index -= 1) {
      const child = parent.childNodes[index];
      if (child !== undefined) stack.push(child);
    }
  }

  function enter(element: Element): void {
    const { tagName } = element;
    if (tagName === 'br') return writer.addLineEnd();
    if (tagName === 'img') return writer.write(attribute(element, 'alt') ?? '');
    const gap = gapAround(tagName, cells > 0);
    writer.breakLine(gap);
    // What is pushed first comes last: the gap after the element, then its end, then its children.
    stack.push(() => writer.breakLine(gap));
    if (HEADING.test(tagName)) {
      const mark = writer.mark();
      stack.push(() => addHeading(Number(tagName[1]), mark));
    } else if (tagName === 'pre') {
      preformatted += 1;
      stack.push(() => (preformatted -= 1));
    } else if (tagName === 'li') {
      writer.setPrefix('- ');
      stack.push(() => writer.setPrefix(''));
    } else if (tagName === 'table') {
      const outer = cells;
      cells = 0;
      stack.push(() => (cells = outer));
    } else if (tagName === 'tr') {
      writer.beginRow();
    } else if (tagName === 'td' || tagName === 'th') {
      writer.beginCell();
      cells += 1;
      stack.push(() => (cells -= 1));
    }
    pushChildren(element);
  }

  function addHeading(level: number, mark: Mark): void {
    const { title, start } = writer.since(mark);
    if (level === 1 && title !== '') firstTitle ??= title;
    outline.add(level, title, start);
  }
}

/** How many line ends part an element from what is around it. */
function gapAround(tagName: string, inCell: boolean): number {
  if (inCell && FLOWS_IN_CELLS.has(tagName)) return 0;
  return PARAGRAPHS.has(tagName) ? 2 : LINES.has(tagName) ? 1 : 0;
}

function isHidden(element: Element): boolean {
  if (NOT_SHOWN.has(element.tagName)) return true;
  if (element.tagName === 'dialog' && attribute(element, 'open') === undefined) return true;
  return element.attrs.some(
    ({ name, value }) =>
      (name === 'hidden' && value !== 'until-found') || (name === 'style' && HIDDEN_STYLE.test(value)),
  );
}

/** The value of an element's attribute, where it has one. */
export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((attribute) => attribute.name === name)?.value;
}
