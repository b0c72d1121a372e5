import { z } from 'zod';

/** What can go wrong instead of an answer, before its first byte. */
const EARLY_KINDS = [
  'throttle',
  'internal-server-error',
  'service-unavailable',
  'model-not-ready',
  'model-timeout',
  'model-error',
  'validation',
  'context-overflow',
  'access-denied',
  'model-not-found',
  'expired-token',
  'invalid-signature',
  /** The connection is reset when the request has come. */
  'reset-before',
  /** Not even headers, until the client leaves. */
  'stall-before',
] as const;

/** What can go wrong inside an answer, after `afterTokens` tokens. */
const LATE_KINDS = [
  'throttle-inside',
  'model-stream-error',
  'internal-server-error-inside',
  'service-unavailable-inside',
  'validation-inside',
  /** The connection is reset. */
  'reset-inside',
  /** Silence, until the client leaves. */
  'stall-inside',
  /** Half a frame, and then the connection ends as if all were well. */
  'half-frame',
  /** The frame that follows has a wrong checksum. */
  'bad-crc',
  /** The stream ends as if all were well, without its last events. */
  'end-early',
] as const;

/** Every fault that can be ordered, in the order of the help. */
export const FAULT_KINDS = [
  ...EARLY_KINDS,
  ...LATE_KINDS,
  /** The answer is fine, its headers come late. */
  'slow-headers',
  /** An event that no client knows stands in an answer that is fine. */
  'unknown-event',
] as const;

/** The name of a fault. */
export type BedrockFaultKind = (typeof FAULT_KINDS)[number];

/** An order: which fault, and which requests get it. */
export const FAULT_SCHEMA = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  /** The next so many requests; without, every one until the faults are cleared. */
  times: z.int().min(1).optional(),
  /** The share of requests that get it. */
  rate: z.number().gt(0).max(1).default(1),
  /** Only requests for this model. */
  modelId: z.string().optional(),
  /** How many tokens are given before a fault inside an answer. */
  afterTokens: z.int().min(0).default(0),
  /** How late the headers of `slow-headers` come. */
  delayMs: z.number().min(0).max(600_000).default(5000),
  /** Put into the headers of `throttle` and `service-unavailable`; Bedrock itself mostly sends none. */
  retryAfterSeconds: z.number().min(0).optional(),
  /** Instead of Bedrock's own words. */
  message: z.string().optional(),
});

/** An order as it is written. */
export type BedrockFaultOrder = z.input<typeof FAULT_SCHEMA>;

/** An order with its defaults. */
export type BedrockFault = Readonly<z.output<typeof FAULT_SCHEMA>>;

const LATE: ReadonlySet<string> = new Set([...LATE_KINDS, 'unknown-event']);

/** Whether a fault happens inside an answer, after some of its tokens. */
export const isLate = ({ kind }: Pick<BedrockFault, 'kind'>): boolean => LATE.has(kind);

/** The faults that are ordered. The first order that meets a request is what the request gets. */
export class FaultOrders {
  #orders: { readonly fault: BedrockFault; left: number }[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Throws a `ZodError` that names what is wrong with an order. */
  add(order: BedrockFaultOrder): void {
    const fault = FAULT_SCHEMA.parse(order);
    this.#orders.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#orders = [];
  }

  /** The fault of the next request, counted as given. */
  take({ modelId }: { readonly modelId: string }): BedrockFault | undefined {
    const order = this.#orders.find(
      ({ fault }) =>
        (fault.modelId === undefined || fault.modelId === modelId) &&
        (fault.rate === 1 || this.#random() < fault.rate),
    );
    if (order === undefined) return undefined;
    order.left -= 1;
    if (order.left === 0) this.#orders = this.#orders.filter((other) => other !== order);
    return order.fault;
  }
}
