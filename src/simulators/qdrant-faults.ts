/** What goes wrong, to order. */
export interface QdrantFault {
  /**
   * `status` answers an error; `reset` breaks the connection; `stall` never answers; `slow` answers late; `cut`
   * breaks the connection in the middle of the answer; `lost` does what was asked and breaks the connection.
   */
  readonly kind: 'status' | 'reset' | 'stall' | 'slow' | 'cut' | 'lost';
  /** Of the error. @default 503 */
  readonly status?: number;
  /** The header `Retry-After`, for clients that heed it. */
  readonly retryAfterSeconds?: number;
  /** How late, for `slow`. @default 1_000 */
  readonly delayMs?: number;
  /** Only requests for this operation, as in `POST points/query`. */
  readonly operation?: string;
  /** How many requests pass before it begins. @default 0 */
  readonly after?: number;
  /** How many requests it hits. @default every one */
  readonly times?: number;
}

/** The faults in force, each with what is left of it. */
export class FaultPlan {
  readonly #faults: { readonly fault: QdrantFault; passing: number; left: number }[] = [];

  add(fault: QdrantFault): void {
    const { after = 0, times = Number.POSITIVE_INFINITY } = fault;
    this.#faults.push({ fault, passing: after, left: times });
  }

  clear(): void {
    this.#faults.length = 0;
  }

  /** The fault that hits a request for this operation. */
  next(operation: string): QdrantFault | undefined {
    for (const planned of this.#faults) {
      if (planned.fault.operation !== undefined && planned.fault.operation !== operation) continue;
      if (planned.passing > 0) planned.passing -= 1;
      else if (planned.left > 0) {
        planned.left -= 1;
        return planned.fault;
      }
    }
    return undefined;
  }
}
