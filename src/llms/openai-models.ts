/** Context windows in tokens, by how a model's name begins; the first that fits counts. */
const CONTEXT_WINDOWS: readonly (readonly [prefix: string, tokens: number])[] = [
  ['gpt-5', 256_000],
  ['gpt-4.1', 1_000_000],
  ['gpt-4o', 128_000],
  ['gpt-4-turbo', 128_000],
  ['gpt-4-32k', 32_000],
  ['gpt-4', 8_000],
  ['gpt-3.5', 16_000],
  ['gpt-oss', 128_000],
  ['o1', 128_000],
  ['o3', 200_000],
  ['o4', 200_000],
];

/** Local servers are often started with little, and some cut a longer prompt without a word. */
const UNKNOWN_CONTEXT_WINDOW = 8_000;

/** How many tokens a model has room for; a careful guess where it is unknown. */
export function openAIContextWindow(model: string): number {
  const bare = model.split('/').at(-1) ?? model;
  return CONTEXT_WINDOWS.find(([prefix]) => bare.startsWith(prefix))?.[1] ?? UNKNOWN_CONTEXT_WINDOW;
}
