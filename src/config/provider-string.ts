import { CitestreamError } from '../errors.ts';

/** Who writes the answers. */
type LLMProvider =
  | { readonly kind: 'extractive' }
  | { readonly kind: 'bedrock-converse'; readonly model: string }
  | { readonly kind: 'bedrock'; readonly model: string }
  | { readonly kind: 'openai'; readonly model: string; readonly url: string };

/** What chunks and questions are compared by. */
type EmbedderProvider =
  | { readonly kind: 'bm25' }
  | { readonly kind: 'local'; readonly model: string }
  | { readonly kind: 'bedrock'; readonly model: string }
  | { readonly kind: 'openai'; readonly model: string; readonly url: string };

/** Where the chunks are kept. */
type StoreProvider =
  | { readonly kind: 'lancedb'; readonly directory: string }
  | { readonly kind: 'qdrant'; readonly url: string; readonly collection: string };

/** The parts a provider string can choose. */
export interface Providers {
  readonly llm: LLMProvider;
  readonly embedder: EmbedderProvider;
  readonly store: StoreProvider;
}

/** The forms each provider string may have, as they are written. */
export const PROVIDER_FORMS = {
  llm: ['extractive', 'bedrock-converse:MODEL', 'bedrock:MODEL', 'openai:MODEL@URL'],
  embedder: ['bm25', 'local:MODEL', 'bedrock:MODEL', 'openai:MODEL@URL'],
  store: ['lancedb:DIR', 'qdrant:URL/COLLECTION'],
} as const satisfies Record<keyof Providers, readonly string[]>;

type Provider = Providers[keyof Providers];

/** Reads what follows the kind and its colon, `undefined` where nothing does. */
type Reader = (rest: string | undefined) => Provider | undefined;

const READERS: Readonly<Record<Provider['kind'], Reader>> = {
  extractive: (rest) => (rest === undefined ? { kind: 'extractive' } : undefined),
  bm25: (rest) => (rest === undefined ? { kind: 'bm25' } : undefined),
  'bedrock-converse': (model) => (isName(model) ? { kind: 'bedrock-converse', model } : undefined),
  bedrock: (model) => (isName(model) ? { kind: 'bedrock', model } : undefined),
  local: (model) => (isName(model) ? { kind: 'local', model } : undefined),
  openai: (rest = '') => {
    // Greedy before the separator: model names may hold an @, as in `@cf/meta/llama`.
    const [, model, url] = /^(.+)@(https?:\/\/.+)$/.exec(rest) ?? [];
    return isName(model) && isUrl(url) ? { kind: 'openai', model, url } : undefined;
  },
  lancedb: (directory) => (isName(directory) ? { kind: 'lancedb', directory } : undefined),
  qdrant: (rest = '') => {
    const [, url, collection] = /^(https?:\/\/.+)\/([\w.-]+)$/.exec(rest) ?? [];
    return isUrl(url) && isName(collection) ? { kind: 'qdrant', url, collection } : undefined;
  },
};

/** Reads `openai:gpt@http://localhost:1/v1`; throws CONFIGURATION with the accepted forms. */
export function parseProvider<Role extends keyof Providers>(role: Role, text: string): Providers[Role] {
  const kinds = PROVIDER_FORMS[role].map((form) => form.split(':')[0] as Providers[Role]['kind']);
  const kind = kinds.find((kind) => text === kind || text.startsWith(`${kind}:`));
  const rest = text === kind ? undefined : text.slice(`${kind}:`.length);
  const provider = kind === undefined ? undefined : READERS[kind](rest);
  if (provider === undefined) {
    throw new CitestreamError(
      'CONFIGURATION',
      `${role} is ${JSON.stringify(text)}; it must be ${acceptedForms(role)}.`,
    );
  }
  return provider as Providers[Role];
}

/** Writes a provider as the string that `parseProvider` reads. */
export function formatProvider(provider: Provider): string {
  switch (provider.kind) {
    case 'extractive':
    case 'bm25':
      return provider.kind;
    case 'bedrock-converse':
    case 'bedrock':
    case 'local':
      return `${provider.kind}:${provider.model}`;
    case 'openai':
      return `openai:${provider.model}@${provider.url}`;
    case 'lancedb':
      return `lancedb:${provider.directory}`;
    case 'qdrant':
      return `qdrant:${provider.url}/${provider.collection}`;
    default:
      return provider satisfies never;
  }
}

/** The accepted forms as one phrase: `extractive, bedrock:MODEL or openai:MODEL@URL`. */
export function acceptedForms(role: keyof Providers): string {
  const forms: readonly string[] = PROVIDER_FORMS[role];
  return `${forms.slice(0, -1).join(', ')} or ${forms.at(-1)}`;
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text === text.trim();
}

function isUrl(text: string | undefined): text is string {
  return text !== undefined && URL.canParse(text);
}
