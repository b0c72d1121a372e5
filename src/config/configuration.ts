import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { bedrockSettings } from './bedrock-settings.ts';
import { generationSettings } from './generation-settings.ts';
import { qdrantSettings } from './qdrant-settings.ts';
import {
  byteSize,
  choice,
  decimal,
  integer,
  list,
  providerString,
  settingRegistry,
  text,
} from './setting-types.ts';

const DAY_MS = 86_400_000;

/** Tokens that a passage and the part it repeats of the one before may have. */
const passageSize = () => integer(16, 8192);

/** What is said where passages would repeat all of the one before. */
const tooMuchOverlap = (name: string, bound: string) => ({
  code: 'custom' as const,
  path: [name],
  message: `smaller than ${bound}`,
});

/** Every setting with its default: flags, environment, `citestream.config.json`, help and docs all come from here. */
export const configurationSchema = z.strictObject({
  dataDir: text(/\S/, 'a folder').default('.citestream').register(settingRegistry, {
    description: 'The folder that holds the index and the conversations.',
    flag: '--data-dir <folder>',
  }),
  host: text(/^[\w.:-]+$/, 'an IP address or a host name')
    .default('127.0.0.1')
    .register(settingRegistry, {
      description: 'The address to listen on; 0.0.0.0 lets other machines in.',
      flag: '--host <address>',
    }),
  port: integer(0, 65_535).default(8000).register(settingRegistry, {
    description: 'The port to listen on; 0 takes a free one.',
    flag: '--port <number>',
  }),
  mode: choice(['async', 'hybrid', 'sync', 'sequential']).default('async').register(settingRegistry, {
    description: 'How turns are executed.',
    flag: '--mode <mode>',
  }),
  maxWorkers: integer(1, 1000).default(40).register(settingRegistry, {
    description: 'How many threads the modes that block may hold.',
    unit: 'threads',
    flag: '--max-workers <number>',
  }),
  llm: providerString('llm').default('extractive').register(settingRegistry, {
    description: 'What writes the answers; extractive quotes the passages and needs no model.',
    flag: '--llm <provider>',
  }),
  embedder: providerString('embedder').default('bm25').register(settingRegistry, {
    description: 'What passages are found by; bm25 compares words and needs no model.',
    flag: '--embedder <provider>',
  }),
  store: providerString('store').optional().register(settingRegistry, {
    description: 'Where the passages are kept.',
    defaultText: 'lancedb:<dataDir>/lancedb',
    flag: '--store <provider>',
  }),
  collection: text(/^[a-zA-Z0-9][\w-]{0,63}$/, 'a name of at most 64 letters, digits, - and _')
    .default('documents')
    .register(settingRegistry, {
      description: 'The set of documents that is ingested into and asked.',
      flag: '--collection <name>',
    }),
  retrieval: z
    .strictObject({
      topK: integer(1, 100).default(6).register(settingRegistry, {
        description: 'How many passages are retrieved for a question.',
        unit: 'passages',
        flag: '--top-k <number>',
      }),
      mode: choice(['sparse', 'default', 'hybrid']).optional().register(settingRegistry, {
        description: 'Search by words (sparse), by vectors (default) or by both (hybrid).',
        defaultText: 'sparse with bm25, else hybrid',
        flag: '--retrieval-mode <mode>',
      }),
      scoreCutoff: decimal(0, 1e9).optional().register(settingRegistry, {
        description: 'Passages that score lower are left out.',
        defaultText: 'none are left out',
      }),
      timeoutMs: integer(1, DAY_MS).default(10_000).register(settingRegistry, {
        description: 'How long retrieving may take.',
        unit: 'ms',
      }),
    })
    .prefault({}),
  embedding: z
    .strictObject({
      dimension: integer(1, 65_536).optional().register(settingRegistry, {
        description: 'How long vectors are, where the embedder allows a choice.',
        defaultText: "the model's own",
        unit: 'numbers',
      }),
      batchSize: integer(1, 10_000).optional().register(settingRegistry, {
        description: 'How many texts are embedded by one call.',
        defaultText: 'what the embedder takes',
        unit: 'texts',
      }),
      maxParallel: integer(1, 256).optional().register(settingRegistry, {
        description: 'How many calls to the embedder are under way at the same time.',
        defaultText: 'what suits the embedder',
        unit: 'calls',
      }),
      timeoutMs: integer(1, DAY_MS).default(30_000).register(settingRegistry, {
        description: 'How long one call to the embedder may take before it is tried again.',
        unit: 'ms',
      }),
      precision: choice(['q8', 'fp32', 'fp16', 'q4']).default('q8').register(settingRegistry, {
        description: 'Which form of a local model is loaded; q8 is a quarter of the size of fp32.',
      }),
      modelsDir: text(/\S/, 'a folder').optional().register(settingRegistry, {
        description: 'The folder that local models are loaded from; with it nothing is downloaded.',
        defaultText: 'downloaded to <dataDir>/models',
        flag: '--models-dir <folder>',
      }),
    })
    .prefault({}),
  qdrant: qdrantSettings().prefault({}),
  generation: generationSettings().prefault({}),
  bedrock: bedrockSettings().prefault({}),
  openai: z
    .strictObject({
      apiKey: text(/^\S+$/, 'a key without spaces').optional().register(settingRegistry, {
        description: 'The key of an OpenAI-compatible server.',
        defaultText: 'OPENAI_API_KEY, else none',
        secret: true,
      }),
    })
    .prefault({}),
  chunk: z
    .strictObject({
      size: passageSize().default(512).register(settingRegistry, {
        description: 'How long the pieces are that documents are split into.',
        unit: 'tokens',
        flag: '--chunk-size <tokens>',
      }),
      overlap: integer(0, 4096).default(20).register(settingRegistry, {
        description: 'How much of a piece the next one repeats.',
        unit: 'tokens',
        flag: '--chunk-overlap <tokens>',
      }),
    })
    .superRefine(({ size, overlap }, context) => {
      if (overlap >= size) context.addIssue(tooMuchOverlap('overlap', `chunk.size, which is ${size}`));
    })
    .prefault({}),
  citation: z
    .strictObject({
      chunkSize: passageSize().default(512).register(settingRegistry, {
        description: 'How long the numbered sources of an answer are.',
        unit: 'tokens',
      }),
      chunkOverlap: integer(0, 4096).default(20).register(settingRegistry, {
        description: 'How much of a source the next one repeats.',
        unit: 'tokens',
      }),
    })
    .superRefine(({ chunkSize, chunkOverlap }, context) => {
      if (chunkOverlap >= chunkSize)
        context.addIssue(tooMuchOverlap('chunkOverlap', `citation.chunkSize, which is ${chunkSize}`));
    })
    .prefault({}),
  chat: z
    .strictObject({
      historyTokens: integer(0, 1_000_000).default(2000).register(settingRegistry, {
        description: 'How much of a conversation is taken into account for its next question.',
        unit: 'tokens',
      }),
      maxMessageChars: integer(1, 1_000_000).default(32_000).register(settingRegistry, {
        description: 'How long a question may be.',
        unit: 'characters',
      }),
    })
    .prefault({}),
  ingest: z
    .strictObject({
      threads: integer(1, 64)
        .default(() => Math.min(8, availableParallelism()))
        .register(settingRegistry, {
          description: 'How many files are read at the same time, each on a thread.',
          defaultText: 'one per processor, at most 8',
          unit: 'threads',
        }),
      fileTimeoutMs: integer(100, DAY_MS).default(60_000).register(settingRegistry, {
        description: 'How long reading one file may take.',
        unit: 'ms',
      }),
      maxFileBytes: byteSize().default(100_000_000).register(settingRegistry, {
        description: 'How large a file may be; larger ones are reported and left out.',
        unit: 'bytes',
      }),
      maxHeapMb: integer(64, 65_536).default(512).register(settingRegistry, {
        description: 'How much memory reading one file may take.',
        unit: 'MB',
      }),
      exclude: list(/\S/, 'a list of globs, as in drafts/**').default([]).register(settingRegistry, {
        description: 'Globs of files to leave out, beside what .gitignore and .citestreamignore files name.',
        flag: '--exclude <glob>',
      }),
    })
    .prefault({}),
  server: z
    .strictObject({
      apiKeys: list(/^\S+$/, 'a list of keys without spaces').default([]).register(settingRegistry, {
        description:
          'Keys that requests must bring as `Authorization: Bearer`; without any, no key is asked for.',
        secret: true,
      }),
      maxConnections: integer(1, 1_000_000).default(10_000).register(settingRegistry, {
        description: 'How many connections are open at the same time; more are refused.',
        unit: 'connections',
      }),
      maxUploadBytes: byteSize().default(100_000_000).register(settingRegistry, {
        description: 'How large an upload may be.',
        unit: 'bytes',
      }),
      requestTimeoutMs: integer(1, DAY_MS).default(30_000).register(settingRegistry, {
        description: 'How long a request may take to arrive.',
        unit: 'ms',
      }),
      heartbeatMs: integer(100, DAY_MS).default(15_000).register(settingRegistry, {
        description: 'How often a waiting stream gets a comment, so that proxies keep it open.',
        unit: 'ms',
      }),
      stallMs: integer(100, DAY_MS).default(60_000).register(settingRegistry, {
        description: 'How long a reader may take nothing before its connection is closed.',
        unit: 'ms',
      }),
      allowedOrigins: list(/^(\*|https?:\/\/\S+)$/, 'a list of origins, as in https://example.org, or *')
        .default([])
        .register(settingRegistry, {
          description: 'Web pages of other origins that may ask.',
        }),
      shutdownGraceMs: integer(0, DAY_MS).default(10_000).register(settingRegistry, {
        description: 'How long running answers may go on when the server is told to end.',
        unit: 'ms',
      }),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .register(settingRegistry, {
          description: 'How much is logged.',
          flag: '--log-level <level>',
        }),
    })
    .prefault({}),
  extractive: z
    .strictObject({
      tokensPerSecond: decimal(0.1, 1e6).optional().register(settingRegistry, {
        description: 'The pace at which the extractive LLM writes.',
        defaultText: 'as fast as it can',
        unit: 'tokens/s',
        flag: '--tokens-per-second <number>',
      }),
    })
    .prefault({}),
});

/** Settings as a configuration file may give them: any of them, the rest are defaults. */
export type ConfigurationInput = z.input<typeof configurationSchema>;

/** Settings as the schema leaves them: what depends on other settings is not yet filled in. */
export type ParsedSettings = z.output<typeof configurationSchema>;

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly Item[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** Every setting with its effective value; folders are absolute paths. */
export type Configuration = DeepReadonly<
  Omit<ParsedSettings, 'store' | 'retrieval'> & {
    store: string;
    retrieval: Omit<ParsedSettings['retrieval'], 'mode'> & {
      mode: NonNullable<ParsedSettings['retrieval']['mode']>;
    };
  }
>;
