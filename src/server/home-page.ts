import { createHash } from 'node:crypto';

const STYLE = `body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}
h1{font-size:1.6rem}pre{background:#f3f3f3;padding:1rem;overflow-x:auto;border-radius:.4rem}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}pre{background:#262626}a{color:#8ab4f8}}`;

/** Nothing may run or load but the page's own style. */
export const HOME_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page at `/`: what this is, how much it holds, and a first question to paste. */
export function homePage({
  documents,
  firstCommand,
}: {
  readonly documents: number;
  /** Asks a first question; absent where there is nothing to ask about. */
  readonly firstCommand?: string;
}): string {
  const holds = documents === 1 ? 'one document' : `${documents.toLocaleString('en')} documents`;
  const first =
    firstCommand === undefined
      ? '<p>Add some: <code>citestream ingest FOLDER</code>.</p>'
      : `<p>Ask a first question:</p>\n<pre>${escapeHtml(firstCommand)}</pre>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>citestream</title>
<style>${STYLE}</style>
</head>
<body>
<h1>citestream</h1>
<p>Answers questions over your own documents: as a stream, with citations that can be checked. It holds ${holds}.</p>
${first}
<p><a href="/documents">The documents</a> · <a href="/sessions">The conversations</a> · <a href="/openapi.json">The API</a></p>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
