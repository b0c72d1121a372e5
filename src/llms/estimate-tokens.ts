/** What a character costs, by the script it is of: a token is about four letters of English, one ideograph. */
const TOKENS_PER_ASCII = 0.25;
const TOKENS_PER_OTHER_LETTER = 0.5;
const TOKENS_PER_IDEOGRAPH = 1;
const FIRST_IDEOGRAPH = 0x2e_80;

/**
 * About how many tokens a text has, for budgets that need no exact count: 4 ASCII characters a token, 2 of other
 * alphabets, 1 ideograph. Costs about a microsecond a kilobyte; a tokenizer costs hundreds.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x80) tokens += TOKENS_PER_ASCII;
    else tokens += code < FIRST_IDEOGRAPH ? TOKENS_PER_OTHER_LETTER : TOKENS_PER_IDEOGRAPH;
  }
  return Math.ceil(tokens);
}
