import { createHash } from 'node:crypto';
import { countTokens } from './bedrock-answer.ts';
import { type BedrockRefusal, validationError } from './bedrock-errors.ts';

/** What a request asks of a model, whichever operation it came by. */
export interface GenerationRequest {
  /** The last message of the user. */
  readonly prompt: string;
  readonly inputTokens: number;
  readonly maxTokens: number | undefined;
  readonly stopSequences: readonly string[];
  /** What stands before the last cache point: its hash and its tokens. */
  readonly cached?: { readonly hash: string; readonly tokens: number };
}

/** A value of JSON that was sent, of which nothing is known yet. */
export type Json = Readonly<Record<string, unknown>>;

/** A request that Bedrock would refuse. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
  readonly refusal: BedrockRefusal;

  constructor(refusal: BedrockRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const refuse = (message: string): RefusedRequest => new RefusedRequest(validationError(message));

/** Reads a body as an object; throws `RefusedRequest`. */
export function parseBody(body: Uint8Array): Json {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Refused below, as what is JSON and no object.
  }
  throw refuse('Malformed input request, please reformat your input and try again.');
}

/** Reads the body of Converse and ConverseStream with Bedrock's own checks of a conversation; throws `RefusedRequest`. */
export function readConverse(body: Json): GenerationRequest {
  const messages = objects(body['messages']);
  if (messages.length === 0)
    throw refuse(
      'A conversation must have at least one message. Try again with a conversation that has at least one message.',
    );
  messages.forEach(checkMessage);
  const inference = object(body['inferenceConfig']);
  const cached = readCachePoint(body);
  return {
    prompt: textOf(messages.at(-1)),
    inputTokens: countTokens([...objects(body['system']).map(blockText), ...messages.map(textOf)].join('\n')),
    maxTokens: readMaxTokens(inference['maxTokens']),
    stopSequences: strings(inference['stopSequences']),
    ...(cached === undefined ? {} : { cached }),
  };
}

function checkMessage({ role, content }: Json, index: number): void {
  if (index === 0 && role !== 'user') {
    throw refuse(
      'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
    );
  }
  if (role !== (index % 2 === 0 ? 'user' : 'assistant')) {
    throw refuse(
      'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.',
    );
  }
  const blocks = objects(content);
  if (blocks.length === 0) {
    throw refuse(
      `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the content field and try again.`,
    );
  }
  const blank = blocks.findIndex(({ text }) => typeof text === 'string' && text.trim() === '');
  if (blank === -1) return;
  throw refuse(
    `The text field in the ContentBlock object at messages.${index}.content.${blank} is blank. Add text to the text field, and try again.`,
  );
}

/** A limit of tokens as every operation has one; throws `RefusedRequest` for one that is no good. */
export function readMaxTokens(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw refuse(
    `1 validation error detected: Value '${JSON.stringify(value)}' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1`,
  );
}

function readCachePoint(body: Json): GenerationRequest['cached'] {
  const blocks = [
    ...objects(body['system']),
    ...objects(body['messages']).flatMap(({ content }) => objects(content)),
  ];
  const last = blocks.findLastIndex((block) => 'cachePoint' in block);
  if (last === -1) return undefined;
  const text = blocks.slice(0, last).map(blockText).join('\n');
  return { hash: createHash('sha256').update(text).digest('hex'), tokens: countTokens(text) };
}

/** The texts of a message, whose content is a text or a list of blocks. */
export function textOf(message: Json | undefined): string {
  const content = message?.['content'];
  return typeof content === 'string' ? content : objects(content).map(blockText).join('\n');
}

const blockText = ({ text }: Json): string => (typeof text === 'string' ? text : '');

/** The objects of a list; none where it is no list. */
export function objects(value: unknown): readonly Json[] {
  return Array.isArray(value)
    ? value.filter((item): item is Json => typeof item === 'object' && item !== null)
    : [];
}

/** The strings of a list; none where it is no list. */
export function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** An object, empty where the value is none. */
export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
