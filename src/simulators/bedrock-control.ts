import { z, ZodError } from 'zod';
import type { BedrockBehaviourChange } from './bedrock-behaviour.ts';
import type { BedrockFaultOrder } from './bedrock-faults.ts';
import type { BedrockSimulator } from './bedrock-simulator.ts';
import type { AnyRequest, AnyResponse } from './dual-protocol-server.ts';
import { readBody } from './read-body.ts';
import { withCamelCase, withSnakeCase } from './wire-names.ts';

const CLOSES = z.array(
  z.strictObject({ requestId: z.string().optional(), question: z.string().optional(), atMs: z.number() }),
);

type Answer = (simulator: BedrockSimulator, body: unknown) => unknown;

/** What can be asked of a running simulator over HTTP; the same as its functions. */
const ROUTES: Readonly<Record<string, Answer>> = {
  'GET /_simulator/counts': (simulator) => simulator.counts(),
  'GET /_simulator/aborts': (simulator) => simulator.aborts(),
  'POST /_simulator/closes': (simulator, body) => {
    for (const note of CLOSES.parse(body)) simulator.noteClose(note);
    return simulator.counts();
  },
  'GET /_simulator/behaviour': (simulator) => simulator.behaviour(),
  'POST /_simulator/behaviour': (simulator, body) => {
    simulator.configure(body as BedrockBehaviourChange);
    return simulator.behaviour();
  },
  'POST /_simulator/faults': (simulator, body) => {
    simulator.order(body as BedrockFaultOrder);
    return {};
  },
  'DELETE /_simulator/faults': (simulator) => {
    simulator.clearFaults();
    return {};
  },
};

/** Answers a request to `/_simulator/…`, in snake_case as everything else on the wire; never rejects. */
export async function answerControl(
  simulator: BedrockSimulator,
  request: AnyRequest,
  response: AnyResponse,
): Promise<void> {
  const { status, body } = await run(simulator, request);
  response.on('error', () => {});
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(withSnakeCase(body))}\n`);
}

async function run(
  simulator: BedrockSimulator,
  request: AnyRequest,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const route = `${request.method} ${request.url}`;
  const answer = ROUTES[route];
  if (answer === undefined) {
    return { status: 404, body: { message: `${route} is none of ${Object.keys(ROUTES).join(', ')}.` } };
  }
  try {
    const text = (await readBody(request))?.toString() ?? '';
    const body: unknown = text === '' ? {} : JSON.parse(text);
    return { status: 200, body: answer(simulator, withCamelCase(body)) };
  } catch (error) {
    const message =
      error instanceof ZodError
        ? z.prettifyError(error)
        : error instanceof Error
          ? error.message
          : String(error);
    return { status: 400, body: { message } };
  }
}
