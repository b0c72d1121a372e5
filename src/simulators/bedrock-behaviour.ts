import { z } from 'zod';

/** How the simulated models answer; everything can be changed while the simulator runs. */
export const BEHAVIOUR_SCHEMA = z.strictObject({
  /** From the request to the first token. */
  firstTokenDelayMs: z.number().min(0).max(600_000).default(0),
  /** 0 gives all tokens at once. */
  tokensPerSecond: z.number().min(0).max(100_000).default(0),
  /** How much the time between two tokens varies, as a share of it, up and down. */
  jitter: z.number().min(0).max(1).default(0),
  /** The times are the same for the same seed and order of requests. */
  seed: z.int().min(0).max(4_294_967_295).default(1),
  /** One text for every question, or several, one a request in turns. Without: an echo of the prompt's sources. */
  answers: z.array(z.string()).optional(),
  /** Makes an echo cite numbers that the prompt did not give as well. */
  wrongCitations: z.boolean().default(false),
  /** What the model thinks aloud before it answers. */
  reasoning: z.string().optional(),
  /** As in `guardrail_intervened`; by default what the answer's end says. */
  stopReason: z.string().optional(),
  /** A longer prompt is refused as Bedrock refuses it. */
  contextWindowTokens: z.int().min(1).default(200_000),
  /** More streams at a time than these are throttled. */
  maxStreams: z.int().min(0).optional(),
});

/** How the simulated models answer. */
export type BedrockBehaviour = Readonly<z.output<typeof BEHAVIOUR_SCHEMA>>;

/** A change of the behaviour; what it does not name stays. */
export type BedrockBehaviourChange = {
  readonly [Name in keyof BedrockBehaviour]?: BedrockBehaviour[Name] | undefined;
};

/** The behaviour with a change in it; throws a `ZodError` that names a value that is no good. */
export function changeBehaviour(
  behaviour: BedrockBehaviour | Readonly<Record<string, never>>,
  change: BedrockBehaviourChange,
): BedrockBehaviour {
  return BEHAVIOUR_SCHEMA.parse({ ...behaviour, ...change });
}
