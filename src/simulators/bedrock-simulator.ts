import { answerControl } from './bedrock-control.ts';
import { type BedrockBehaviour, type BedrockBehaviourChange, changeBehaviour } from './bedrock-behaviour.ts';
import { type AbortRecord, type BedrockCounts, BedrockTally, type CloseNote } from './bedrock-counts.ts';
import { type BedrockFaultOrder, FaultOrders } from './bedrock-faults.ts';
import { BedrockService } from './bedrock-service.ts';
import { listenForBothProtocols } from './dual-protocol-server.ts';
import type { SigningCredentials } from './aws-signature.ts';
import { seededRandom } from './seeded-random.ts';

/** Where the simulator listens, whose signatures it takes, and how it answers at first. */
export interface BedrockSimulatorOptions {
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** `us-east-1` by default; a request signed for another one is refused. */
  readonly region?: string;
  /** Of the example keys of the AWS documentation by default. */
  readonly credentials?: SigningCredentials;
  /** How far the simulator's clock is ahead of the machine's, 0 by default. */
  readonly clockOffsetMs?: number;
  readonly behaviour?: BedrockBehaviourChange;
  readonly faults?: readonly BedrockFaultOrder[];
}

/** A simulated Amazon Bedrock runtime that is listening. */
export interface BedrockSimulator extends AsyncDisposable {
  /** Without a slash at its end; both protocols are served there. */
  readonly url: string;
  /** What makes any AWS tool talk to this simulator. */
  readonly environment: Readonly<Record<string, string>>;
  counts(): BedrockCounts;
  /** The answers that were left by their reader, oldest first. */
  aborts(): readonly AbortRecord[];
  /** Tells when a reader left, so that `counts()` can tell how late that was noticed. */
  noteClose(note: CloseNote): void;
  behaviour(): BedrockBehaviour;
  /** Changes how the requests from now on are answered. */
  configure(change: BedrockBehaviourChange): void;
  /** Orders a fault for requests to come; the orders before it come first. */
  order(fault: BedrockFaultOrder): void;
  clearFaults(): void;
  /** Stops listening and ends every connection at once. */
  close(): Promise<void>;
}

const EXAMPLE_CREDENTIALS: SigningCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

/**
 * Starts a Bedrock runtime on this machine that speaks the real protocol: requests have to be signed, answers are framed
 * as Bedrock frames them, and any fault can be ordered. Throws a `ZodError` for options that are no good.
 */
export async function startBedrockSimulator(
  options: BedrockSimulatorOptions = {},
): Promise<BedrockSimulator> {
  const { host = '127.0.0.1', port = 0, region = 'us-east-1', clockOffsetMs = 0 } = options;
  const { credentials = EXAMPLE_CREDENTIALS } = options;
  let behaviour = changeBehaviour({}, options.behaviour ?? {});
  const tally = new BedrockTally();
  const faults = new FaultOrders(seededRandom(behaviour.seed));
  for (const fault of options.faults ?? []) faults.add(fault);
  const service = new BedrockService({
    credentials,
    region,
    tally,
    faults,
    nowMs: () => Date.now() + clockOffsetMs,
    behaviour: () => behaviour,
  });
  const server = await listenForBothProtocols(
    (request, response) => {
      const isControl = request.url?.startsWith('/_simulator/') === true;
      void (isControl ? answerControl(simulator, request, response) : service.serve(request, response));
    },
    { host, port },
  );
  const close = async (): Promise<void> => {
    service.stop();
    tally.close();
    await server.close();
  };
  const simulator: BedrockSimulator = {
    url: server.url,
    environment: {
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: server.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
      AWS_REGION: region,
    },
    counts: () => tally.read(server.connections),
    aborts: () => tally.aborts,
    noteClose: (note) => tally.noteClose(note),
    behaviour: () => behaviour,
    configure: (change) => {
      behaviour = changeBehaviour(behaviour, change);
    },
    order: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    close,
    [Symbol.asyncDispose]: close,
  };
  return simulator;
}
