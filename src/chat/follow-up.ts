import type { ChatMessage, LLM } from '../llms/llm.ts';

/** Words a question begins with when it goes on from the one before. */
const CONTINUES = /^(?:and|but|so|or|then|also|what about|how about|why not|und|aber|et|mais|y|pero)\b/iu;

/** Words that stand for something said before. */
const REFERS =
  /\b(?:it|its|they|them|their|theirs|this|that|these|those|he|she|him|her|his|hers|there|such|one|ones|the (?:same|former|latter|other|second|first|last)|above|again|instead|es|er|sie|diese[rsmn]?|dort|il|elle|ils|elles|ce(?:ci|la)?|eso|esto|ella)\b/iu;

const WORDS = /[\p{L}\p{N}]+/gu;
const MAX_WORDS_OF_A_FRAGMENT = 3;
const MAX_WORDS_OF_A_REFERENCE = 14;

/** Whether a question can hardly be understood without the one before: “and how is it stopped?”. */
export function leansOnTheTurnBefore(question: string): boolean {
  const text = question.trim();
  const words = text.match(WORDS)?.length ?? 0;
  return (
    CONTINUES.test(text) ||
    words <= MAX_WORDS_OF_A_FRAGMENT ||
    (words <= MAX_WORDS_OF_A_REFERENCE && REFERS.test(text))
  );
}

const CONDENSE_INSTRUCTION =
  'Rewrite the last question so that it can be understood without the conversation before it. ' +
  'Keep its language, its meaning and every name and number. If it stands alone already, repeat it. ' +
  'Answer with the question and nothing else.';

/** What a follow-up is condensed from. */
export interface FollowUp {
  readonly question: string;
  /** The conversation so far, oldest first; the last question of it is what a follow-up leans on. */
  readonly history: readonly ChatMessage[];
  readonly llm: LLM;
  readonly signal?: AbortSignal;
}

/**
 * The question to retrieve with. A model that follows instructions condenses question and conversation into one that
 * stands alone; otherwise a question that leans on the one before is put behind it. Without a conversation, and when
 * the model fails at this, the question stays what it is.
 */
export async function retrievalQuestion({ question, history, llm, signal }: FollowUp): Promise<string> {
  const before = history.findLast(({ role }) => role === 'user')?.content;
  if (before === undefined) return question;
  if (llm.capabilities.followsInstructions) {
    const condensed = await condense({ question, history, llm, ...(signal === undefined ? {} : { signal }) });
    if (condensed !== undefined) return condensed;
  }
  return leansOnTheTurnBefore(question) ? `${before}\n${question}` : question;
}

async function condense({ question, history, llm, signal }: FollowUp): Promise<string | undefined> {
  try {
    const { text } = await llm.chat(
      {
        system: CONDENSE_INSTRUCTION,
        messages: [
          ...history,
          { role: 'user', content: `${CONDENSE_INSTRUCTION}\n\nThe last question: ${question}` },
        ],
        maxTokens: 200,
        temperature: 0,
      },
      signal === undefined ? {} : { signal },
    );
    const condensed = text.trim();
    return condensed === '' ? undefined : condensed;
  } catch (error) {
    // An abort ends the turn; a model that cannot condense costs precision, not the answer.
    signal?.throwIfAborted();
    if (error instanceof Error) return undefined;
    throw error;
  }
}
