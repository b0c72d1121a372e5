import type { CommandDescription } from './command.ts';

const JSON_OUTPUT = {
  usage: '--json',
  description: 'Print one JSON object on standard output, and nothing else there.',
};

const PROVIDERS = ['llm', 'embedder', 'embedding.modelsDir', 'store', 'collection'];

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandDescription[] = [
  {
    name: 'serve',
    summary: 'answer questions over HTTP',
    description:
      'Ingests the paths, when there are any, and answers questions over HTTP. Unchanged files are skipped, so that ' +
      'starting again does no work twice. Ctrl-C ends it when the running answers are done.',
    words: [{ usage: '[paths...]', description: 'files, folders and globs to ingest first' }],
    settings: [
      'host',
      'port',
      'mode',
      'maxWorkers',
      ...PROVIDERS,
      'ingest.exclude',
      'extractive.tokensPerSecond',
    ],
    examples: [
      ['citestream serve docs', 'ingest the folder docs, then serve on port 8000'],
      ['citestream serve', 'serve what was ingested before'],
      ['citestream serve docs --host 0.0.0.0 --port 80', 'let other machines in'],
    ],
    import: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'ingest',
    summary: 'add or update documents',
    description:
      'Reads text, Markdown, HTML, PDF, DOCX and JSON Lines. Unchanged files are skipped, changed ones replaced, and ' +
      'files that are gone from a folder removed. A file that cannot be read is reported and the rest goes on; the ' +
      'exit code is 1 then.',
    words: [{ usage: '<paths...>', description: 'files, folders and globs' }],
    settings: [
      'collection',
      'ingest.exclude',
      'chunk.size',
      'chunk.overlap',
      'embedder',
      'embedding.modelsDir',
      'store',
    ],
    options: [JSON_OUTPUT],
    examples: [
      ['citestream ingest ~/papers', 'add a folder, or bring it up to date'],
      ['citestream ingest notes.md "reports/**/*.pdf"', 'a file, and the files of a glob'],
      ['citestream ingest . --exclude "drafts/**" --exclude "*.tmp.md"', 'leave some files out'],
    ],
    import: async () => (await import('./ingest.ts')).ingest,
  },
  {
    name: 'ask',
    summary: 'ask one question',
    description: 'Streams the answer, then lists the passages that it cites.',
    words: [{ usage: '<question...>', description: 'the question; - reads it from standard input' }],
    options: [
      {
        usage: '--filter <key=value>',
        description: 'Ask only documents with this metadata; repeatable. Also !=, >=, <=, > and <.',
        isRepeatable: true,
      },
      { usage: '--session <id>', description: 'Ask as the next question of a conversation.' },
      JSON_OUTPUT,
    ],
    settings: ['retrieval.topK', 'retrieval.mode', ...PROVIDERS, 'extractive.tokensPerSecond'],
    examples: [
      ['citestream ask "How is a turn stopped?"', 'answer from the documents that were ingested'],
      ['citestream ask "What changed?" --filter year=2026', 'only from documents with this metadata'],
      ['citestream ask "How is a turn stopped?" --json | jq .sources', 'for programs'],
      ['echo "How is a turn stopped?" | citestream ask -', 'read the question from standard input'],
    ],
    import: async () => (await import('./ask.ts')).ask,
  },
  {
    name: 'chat',
    summary: 'ask in a conversation',
    description:
      'A conversation in the terminal; each question may lean on those before it. Ctrl-C stops an answer, Ctrl-D ends.',
    options: [{ usage: '--session <id>', description: 'Go on with a conversation.' }],
    settings: ['retrieval.topK', 'retrieval.mode', ...PROVIDERS, 'extractive.tokensPerSecond'],
    examples: [
      ['citestream chat', 'begin a conversation; /help lists what can be typed'],
      ['citestream chat --session monday', 'begin one with a name, or go on with it'],
    ],
    import: async () => (await import('./chat.ts')).chat,
  },
  {
    name: 'eval',
    summary: 'measure retrieval on a test collection',
    description:
      'Ingests a folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels.tsv) into a temporary place, asks its ' +
      'queries, and prints nDCG@10, recall@k and MRR.',
    options: [
      { usage: '--corpus <folder>', description: 'The folder that holds the test collection.' },
      JSON_OUTPUT,
    ],
    settings: ['retrieval.mode', 'embedder', 'embedding.modelsDir', 'chunk.size', 'chunk.overlap'],
    examples: [
      ['citestream eval --corpus data/cranfield', 'a table'],
      ['citestream eval --corpus data/cranfield --json', 'one JSON object'],
    ],
    import: async () => (await import('./eval.ts')).evaluateCorpus,
  },
  {
    name: 'simulate',
    summary: 'run a simulated Bedrock or Qdrant',
    description:
      'Runs Amazon Bedrock or Qdrant as simulators that speak the real protocols, so that the official clients talk to ' +
      'them: for trying the production stack without an account, and for ordering what goes wrong there. Ctrl-C ends it ' +
      'with what was asked of it.',
    words: [{ usage: '<kind>', description: 'bedrock or qdrant' }],
    options: [
      {
        usage: '--port <number>',
        description: 'Where it listens: 8787 for bedrock, 6333 for qdrant; 0 takes a free one.',
      },
      {
        usage: '--fault <kind[:name=value,…]>',
        description:
          'Something that goes wrong, as in throttle:rate=0.1 or reset-inside:after=5,times=3 (bedrock), ' +
          'status:status=503,times=2 (qdrant); repeatable. An unknown one lists them all.',
        isRepeatable: true,
      },
      {
        usage: '--first-token-ms <number>',
        description: 'bedrock: how long the first token takes (default: 300).',
      },
      {
        usage: '--tokens-per-second <number>',
        description: 'bedrock: how fast an answer is; 0 at once (default: 40).',
      },
      {
        usage: '--jitter <share>',
        description: 'bedrock: how much the time between tokens varies, 0 to 1 (default: 0.2).',
      },
      { usage: '--seed <number>', description: 'bedrock: the same seed gives the same times.' },
      {
        usage: '--answers <file>',
        description:
          'bedrock: answer with this text, or with the texts of a list in JSON in turns; without, sentences of the ' +
          "prompt's sources with their [n].",
      },
      { usage: '--wrong-citations', description: 'bedrock: cite numbers that were never given as well.' },
      {
        usage: '--max-streams <number>',
        description: 'bedrock: throttle when so many answers are under way.',
      },
      { usage: '--storage <folder>', description: 'qdrant: keep what is stored here.' },
      { usage: '--api-key <key>', description: 'qdrant: refuse requests without this key.' },
      {
        usage: '--latency-ms <number>',
        description: 'qdrant: how long every answer takes at least (default: 0).',
      },
    ],
    settings: [],
    examples: [
      ['citestream simulate bedrock', 'prints the environment that makes citestream use it'],
      [
        'citestream simulate bedrock --fault throttle:rate=0.2 --fault stall-inside:after=20,times=1',
        'order faults',
      ],
      ['citestream simulate qdrant --storage .qdrant', 'keeps what is stored'],
    ],
    import: async () => (await import('./simulate.ts')).simulate,
  },
  {
    name: 'config',
    summary: 'show the settings and where they come from',
    description:
      'Prints the effective settings: flags over CITESTREAM_… variables over citestream.config.json over defaults. ' +
      'Secrets are masked.',
    options: [JSON_OUTPUT],
    settings: ['host', 'port', 'mode', 'maxWorkers', ...PROVIDERS, 'retrieval.topK', 'retrieval.mode'],
    examples: [
      ['citestream config', 'every setting, its value and its origin'],
      ['CITESTREAM_PORT=9000 citestream config --json | jq .configuration', 'for programs'],
    ],
    import: async () => (await import('./config.ts')).showConfiguration,
  },
  {
    name: 'doctor',
    summary: 'check that everything works',
    description:
      'Checks Node, the data folder, the store, the threads that read files and the providers, and says what to do ' +
      'about what does not work. The exit code is 1 when something does not.',
    options: [JSON_OUTPUT],
    settings: [...PROVIDERS],
    examples: [
      ['citestream doctor', 'a line for each check'],
      ['citestream doctor --json', 'one JSON object'],
    ],
    import: async () => (await import('./doctor.ts')).doctor,
  },
];

/** The settings that every command has a flag for. */
export const COMMON_SETTINGS = ['dataDir', 'log.level'];
