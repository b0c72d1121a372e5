/** How a model's output becomes one vector, and what stands before texts; a wrong one makes searches quietly worse. */
export interface LocalModelConfig {
  readonly pooling: 'mean' | 'cls' | 'last_token';
  readonly normalize: boolean;
  readonly queryPrefix: string;
  readonly documentPrefix: string;
}

/** Reads a JSON file of the model by its path in it; `undefined` where the model has no such file. */
export type ReadModelFile = (path: string) => Promise<unknown>;

const BGE_QUERY = 'Represent this sentence for searching relevant passages: ';
const INSTRUCTED_QUERY =
  'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ';

/** What the cards of well-known families ask for, where the files of a converted model do not say it; first match. */
const FAMILIES: readonly (readonly [RegExp, Partial<LocalModelConfig>])[] = [
  [/e5.*instruct/, { queryPrefix: INSTRUCTED_QUERY }],
  [/e5-/, { queryPrefix: 'query: ', documentPrefix: 'passage: ' }],
  [/bge-m3/, { pooling: 'cls' }],
  [/bge-.*-zh/, { pooling: 'cls', queryPrefix: '为这个句子生成表示以用于检索相关文章：' }],
  [/bge-/, { pooling: 'cls', queryPrefix: BGE_QUERY }],
  [/arctic-embed-.*v2/, { pooling: 'cls', queryPrefix: 'query: ' }],
  [/mxbai-embed|arctic-embed/, { pooling: 'cls', queryPrefix: BGE_QUERY }],
  [/nomic-embed-text/, { queryPrefix: 'search_query: ', documentPrefix: 'search_document: ' }],
  [/qwen/, { pooling: 'last_token', queryPrefix: INSTRUCTED_QUERY }],
  [/gte-(?:.*-v1\.5|modernbert|multilingual)/, { pooling: 'cls' }],
];

const DEFAULT: LocalModelConfig = {
  pooling: 'mean',
  normalize: true,
  queryPrefix: '',
  documentPrefix: '',
};

/**
 * Finds out how a model wants to be used: from the files that sentence-transformers keeps beside a model, and what these
 * do not say from what is known of its family.
 */
export async function readModelConfig(model: string, read: ReadModelFile): Promise<LocalModelConfig> {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const family = FAMILIES.find(([pattern]) => pattern.test(name))?.[1];
  const known = { ...DEFAULT, ...family };
  return { ...known, ...(await readModules(read)), ...(await readPrompts(read)) };
}

interface Module {
  readonly path?: string;
  readonly type?: string;
}

async function readModules(read: ReadModelFile): Promise<Partial<LocalModelConfig>> {
  const modules = await read('modules.json');
  if (!Array.isArray(modules)) return {};
  const ends = (kind: string) =>
    (modules as readonly Module[]).find(({ type }) => type?.endsWith(`.${kind}`));
  const path = ends('Pooling')?.path;
  const pooling = path === undefined ? undefined : poolingOf(await read(`${path}/config.json`));
  return { normalize: ends('Normalize') !== undefined, ...(pooling === undefined ? {} : { pooling }) };
}

function poolingOf(file: unknown): LocalModelConfig['pooling'] | undefined {
  const config = (file ?? {}) as Readonly<Record<string, unknown>>;
  if (config['pooling_mode_cls_token'] === true) return 'cls';
  if (config['pooling_mode_lasttoken'] === true) return 'last_token';
  return config['pooling_mode_mean_tokens'] === true ? 'mean' : undefined;
}

async function readPrompts(read: ReadModelFile): Promise<Partial<LocalModelConfig>> {
  const file = (await read('config_sentence_transformers.json')) as
    | { readonly prompts?: Readonly<Record<string, string>> }
    | undefined;
  const prompts = file?.prompts ?? {};
  const query = prompts['query'];
  const document = prompts['document'] ?? prompts['passage'];
  return {
    ...(query === undefined ? {} : { queryPrefix: query }),
    ...(document === undefined ? {} : { documentPrefix: document }),
  };
}
