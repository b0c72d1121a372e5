import type { StopReason } from './llm.ts';

const STOP_REASONS: Readonly<Record<string, StopReason>> = {
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  guardrail_intervened: 'content_filter',
  content_filtered: 'content_filter',
};

/** Why a model of Bedrock stopped, in the words of the house; what it says beyond these is a `stop`. */
export function bedrockStopReason(reason: string | undefined): StopReason {
  return STOP_REASONS[reason ?? ''] ?? 'stop';
}
