import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import type * as BedrockRuntime from '@aws-sdk/client-bedrock-runtime';

/** How AWS is reached; what is not given is found as every AWS tool finds it. */
export interface BedrockConnectionOptions {
  /** @default AWS_REGION, else the profile's */
  readonly region?: string | undefined;
  /** @default AWS_PROFILE */
  readonly profile?: string | undefined;
  /** @default AWS_ENDPOINT_URL_BEDROCK_RUNTIME, else the region's */
  readonly endpoint?: string | undefined;
  /** How long connecting may take, TLS not counted. @default 5000 */
  readonly connectTimeoutMs?: number | undefined;
}

/** The SDK and a client of it; the module is large, and loaded only where it is used. */
export interface BedrockSdk {
  readonly sdk: typeof BedrockRuntime;
  readonly client: BedrockRuntime.BedrockRuntimeClient;
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Makes the one client that a process keeps for its life, over HTTP/1.1 with a pool without a limit.
 *
 * Why not HTTP/2, the SDK's default: for event streams the SDK opens a session of its own for each call, so it saves no
 * descriptor, and costs more (116 against 99 KB a stream, 2.4 against 1.9 ms to open one); it ignores a time-out for
 * connecting, and ends a session that is silent for 300 s. The limit of 50 sockets of an HTTP/1.1 agent, at which
 * streams would wait for each other unnoticed, is lifted: `resilientLLM` bounds how many there are.
 */
export async function openBedrock({
  region,
  profile,
  endpoint,
  connectTimeoutMs = CONNECT_TIMEOUT_MS,
}: BedrockConnectionOptions): Promise<BedrockSdk> {
  const [sdk, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-bedrock-runtime'),
    import('@smithy/node-http-handler'),
  ]);
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  const client = new sdk.BedrockRuntimeClient({
    // Trying again belongs to `resilientLLM`: two layers would multiply.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
      connectionTimeout: connectTimeoutMs,
      // Silence is judged by `resilientLLM`, which knows a first token from the next; 0 also takes off the SDK's own limit.
      socketTimeout: 0,
    }),
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  return { sdk, client };
}
