import { z } from 'zod';
import { choice, settingRegistry, text } from './setting-types.ts';

const REGION = /^[a-z]{2,}(-[a-z\d]+)+$/;

/** How Amazon Bedrock is reached, and what only its models have. */
export function bedrockSettings() {
  return z.strictObject({
    region: text(REGION, 'a region, as in eu-central-1').optional().register(settingRegistry, {
      description: 'The AWS region whose models are asked.',
      defaultText: "AWS_REGION, else the profile's",
    }),
    fallbackRegion: text(REGION, 'a region, as in eu-west-1').optional().register(settingRegistry, {
      description: 'The AWS region that is asked where the first does not begin to answer.',
      defaultText: 'none',
    }),
    profile: text(/^\S+$/, 'the name of a profile').optional().register(settingRegistry, {
      description: 'The profile of the AWS configuration whose credentials are used.',
      defaultText: 'AWS_PROFILE',
    }),
    endpoint: text(/^https?:\/\/\S+$/, 'an address, as in https://vpce-1.example.com')
      .optional()
      .register(settingRegistry, {
        description: 'The address of Bedrock, where it is not the region’s own.',
        defaultText: "AWS_ENDPOINT_URL_BEDROCK_RUNTIME, else the region's",
      }),
    guardrailId: text(/^\S+$/, 'an id or an ARN').optional().register(settingRegistry, {
      description: 'The guardrail that checks questions and answers; needs bedrock.guardrailVersion.',
      defaultText: 'none',
    }),
    guardrailVersion: text(/^(DRAFT|[1-9]\d*)$/, 'a number or DRAFT')
      .optional()
      .register(settingRegistry, {
        description: 'The version of the guardrail.',
        defaultText: 'none',
      }),
    guardrailMode: choice(['sync', 'async']).optional().register(settingRegistry, {
      description: 'Whether text is held back until the guardrail has checked it (sync) or not (async).',
      defaultText: "the service's own",
    }),
    promptCache: choice(['none', 'system', 'conversation']).default('none').register(settingRegistry, {
      description: 'How much of a prompt is cached for the next question; only for models that have a cache.',
    }),
    additionalFields: text(/^\s*\{[^]*\}\s*$/, 'an object in JSON')
      .optional()
      .register(settingRegistry, {
        description:
          'What a model takes beyond the usual, as in {"thinking":{"type":"enabled","budget_tokens":1024}}.',
        defaultText: 'none',
      }),
    decoder: choice(['lean', 'sdk']).default('lean').register(settingRegistry, {
      description: "Who decodes streams: lean is a third of the cost, sdk is the AWS SDK's own.",
    }),
  });
}
