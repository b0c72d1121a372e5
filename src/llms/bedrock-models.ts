/** Context windows in tokens, by how a model's id begins; the first that fits counts. */
const CONTEXT_WINDOWS: readonly (readonly [prefix: string, tokens: number])[] = [
  ['anthropic.claude-instant', 100_000],
  ['anthropic.claude-v2:0', 100_000],
  ['anthropic.claude', 200_000],
  ['amazon.nova-micro', 128_000],
  ['amazon.nova-premier', 1_000_000],
  ['amazon.nova', 300_000],
  ['amazon.titan-text-lite', 4_000],
  ['amazon.titan-text-express', 8_000],
  ['amazon.titan-text-premier', 32_000],
  ['meta.llama3-8b', 8_000],
  ['meta.llama3-70b', 8_000],
  ['meta.llama', 128_000],
  ['mistral.mistral-large-2407', 128_000],
  ['mistral.pixtral', 128_000],
  ['mistral.', 32_000],
  ['cohere.command-r', 128_000],
  ['cohere.command', 4_000],
  ['deepseek.', 128_000],
  ['openai.', 128_000],
  ['qwen.', 128_000],
  ['ai21.jamba', 256_000],
];

/** Small enough for nearly every model of today. */
const UNKNOWN_CONTEXT_WINDOW = 32_000;

/** `us.`, `eu.`, `apac.`, `us-gov.`, `global.`, …: an inference profile over several regions. */
const PROFILE = /^(?:[a-z]{2,6}(?:-[a-z]{2,4})?)\.(?=[a-z\d]+\.)/;

/** The model behind an id, an inference profile's id or an ARN that ends in one: without the profile's region. */
export function bareModelId(model: string): string {
  return (model.split('/').at(-1) ?? model).replace(PROFILE, '');
}

/** How many tokens a model of Bedrock has room for; a careful guess where it is unknown. */
export function bedrockContextWindow(model: string): number {
  const bare = bareModelId(model);
  return CONTEXT_WINDOWS.find(([prefix]) => bare.startsWith(prefix))?.[1] ?? UNKNOWN_CONTEXT_WINDOW;
}
