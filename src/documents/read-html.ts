import { type DefaultTreeAdapterTypes, parse } from 'parse5';

import { decodeText } from './decode-text.ts';
import { flatMetadata } from './flat-metadata.ts';
import { oneLine } from './heading-outline.ts';
import { attribute, htmlText } from './html-text.ts';
import type { ParsedText } from './parsed-text.ts';

type Element = DefaultTreeAdapterTypes.Element;

/** Browsers look for the encoding in as many bytes. */
const PRESCANNED_BYTES = 1024;
const DECLARED_ENCODING =
  /(?:<meta\b[^>]{0,200}?\bcharset\s{0,9}=|<\?xml\b[^>]{0,200}?\bencoding\s{0,9}=)\s{0,9}["']?([\w:.-]{1,40})/i;
const KEPT_META = new Set(['author', 'description', 'keywords']);

/** Reads a web page: the text that a browser would show, never its scripts or its markup. */
export function readHtml(bytes: Uint8Array): ParsedText {
  return parseHtml(decodeText(bytes, declaredEncoding(bytes)));
}

/** The same for a page that is text already. */
export function parseHtml(html: string): ParsedText {
  const document = parse(html);
  const { text, headings, firstTitle } = htmlText(document);
  const head = elementsOf(elementsOf(document.childNodes).find(isNamed('html'))?.childNodes).find(
    isNamed('head'),
  );
  const ofHead = elementsOf(head?.childNodes);
  const ownTitle = oneLine(textOf(ofHead.find(isNamed('title'))));
  const title = ownTitle === '' ? firstTitle : ownTitle;
  const metadata = flatMetadata(
    Object.fromEntries(
      ofHead.filter(isNamed('meta')).flatMap((meta) => {
        const name = attribute(meta, 'name')?.toLowerCase() ?? '';
        const content = oneLine(attribute(meta, 'content') ?? '');
        return KEPT_META.has(name) && content !== '' ? [[name, content]] : [];
      }),
    ),
  );
  return { ...(title === undefined ? {} : { title }), text, pages: [], headings, metadata };
}

function declaredEncoding(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder('windows-1252').decode(bytes.subarray(0, PRESCANNED_BYTES));
  const label = DECLARED_ENCODING.exec(start)?.[1];
  if (label === undefined) return undefined;
  try {
    const { encoding } = new TextDecoder(label);
    // What could be read as ASCII to find this is no UTF-16, and UTF-8 is tried anyway.
    return encoding.startsWith('utf-') ? undefined : encoding;
  } catch {
    return undefined;
  }
}

function elementsOf(nodes: readonly DefaultTreeAdapterTypes.Node[] = []): Element[] {
  return nodes.filter((node): node is Element => 'tagName' in node);
}

function isNamed(tagName: string): (element: Element) => boolean {
  return (element) => element.tagName === tagName;
}

function textOf(element: Element | undefined): string {
  const [child] = element?.childNodes ?? [];
  return child !== undefined && 'value' in child ? child.value : '';
}
