import { performance } from 'node:perf_hooks';

/** One answer whose reader left before its end. */
export interface AbortRecord {
  /** The `x-amzn-requestid` of the response. */
  readonly requestId: string;
  readonly modelId: string;
  /** What the prompt asked, shortened: tells whose answer it was. */
  readonly question: string;
  /** When the simulator saw that its reader is gone, in ms of the epoch with fractions. */
  readonly noticedAtMs: number;
  /** When the last token was produced, absent where there was none. */
  readonly lastTokenAtMs?: number;
  readonly tokens: number;
}

/** A reader that says when it left, by request id or by question, so that the delay of the noticing can be told. */
export interface CloseNote {
  readonly requestId?: string | undefined;
  readonly question?: string | undefined;
  /** In ms of the epoch, as `performance.timeOrigin + performance.now()` gives it. */
  readonly atMs: number;
}

/** What a simulator has done so far. */
export interface BedrockCounts {
  /** Requests for a model, whatever became of them. */
  readonly requested: number;
  readonly byOperation: Readonly<Record<string, number>>;
  readonly embeddedTexts: number;
  readonly producedTokens: number;
  /** Answered to the end. */
  readonly completed: number;
  /** Left by their reader before the end. */
  readonly aborted: number;
  /** Answered with an error before the first token. */
  readonly refused: number;
  /** Of those, how many by the quota of streams. */
  readonly overQuota: number;
  /** Broken off by a fault that was ordered. */
  readonly broken: number;
  /** Answers under way, the stalled ones too. */
  readonly openNow: number;
  readonly peakOpen: number;
  readonly connectionsNow: number;
  /** Of the aborts whose reader said when it left: ms from then to the noticing, and to the last token produced. */
  readonly abortNoticedMs: Percentiles;
  readonly lastTokenAfterCloseMs: Percentiles;
}

/** How a list of times is spread; `count` 0 leaves the rest out. */
export interface Percentiles {
  readonly count: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly max?: number;
}

/** How an answer came to its end. */
export type Outcome = 'completed' | 'aborted' | 'refused' | 'broken';

const MAX_RECORDS = 20_000;

/** Now, on the clock that the records are written with. */
export const epochMs = (): number => performance.timeOrigin + performance.now();

/** Counts what a simulator does. */
export class BedrockTally {
  readonly #counts = {
    requested: 0,
    embeddedTexts: 0,
    producedTokens: 0,
    overQuota: 0,
    openNow: 0,
    peakOpen: 0,
  };
  readonly #outcomes: Record<Outcome, number> = { completed: 0, aborted: 0, refused: 0, broken: 0 };
  readonly #byOperation = new Map<string, number>();
  #aborts: AbortRecord[] = [];
  #isClosed = false;
  readonly #closedAtMs = new Map<string, number>();

  /** What was left by its reader, the latest 20,000. */
  get aborts(): readonly AbortRecord[] {
    return this.#aborts;
  }

  get openNow(): number {
    return this.#counts.openNow;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** From now on it is the simulator that leaves. */
  close(): void {
    this.#isClosed = true;
  }

  request(operation: string): void {
    this.#counts.requested += 1;
    this.#byOperation.set(operation, (this.#byOperation.get(operation) ?? 0) + 1);
  }

  open(): void {
    this.#counts.openNow += 1;
    this.#counts.peakOpen = Math.max(this.#counts.peakOpen, this.#counts.openNow);
  }

  tokens(count: number): void {
    this.#counts.producedTokens += count;
  }

  texts(count: number): void {
    this.#counts.embeddedTexts += count;
  }

  overQuota(): void {
    this.#counts.overQuota += 1;
  }

  /** An answer that was open has ended. */
  end(outcome: Outcome): void {
    this.#counts.openNow -= 1;
    this.#outcomes[outcome] += 1;
  }

  abort(record: AbortRecord): void {
    if (this.#aborts.length >= MAX_RECORDS) this.#aborts = this.#aborts.slice(MAX_RECORDS / 2);
    this.#aborts.push(record);
  }

  /** A reader tells when it left; before or after that is noticed. */
  noteClose({ requestId, question, atMs }: CloseNote): void {
    const key = requestId ?? question;
    if (key === undefined) throw new TypeError('A close is noted by its requestId or its question.');
    this.#closedAtMs.set(key, atMs);
  }

  read(connectionsNow: number): BedrockCounts {
    const noted = this.#aborts.flatMap((record) => {
      const closedAtMs = this.#closedAtMs.get(record.requestId) ?? this.#closedAtMs.get(record.question);
      return closedAtMs === undefined ? [] : [{ ...record, closedAtMs }];
    });
    return {
      ...this.#counts,
      ...this.#outcomes,
      byOperation: Object.fromEntries(this.#byOperation),
      connectionsNow,
      abortNoticedMs: percentiles(noted.map(({ noticedAtMs, closedAtMs }) => noticedAtMs - closedAtMs)),
      lastTokenAfterCloseMs: percentiles(
        noted.map(({ lastTokenAtMs = 0, closedAtMs }) => Math.max(0, lastTokenAtMs - closedAtMs)),
      ),
    };
  }
}

function percentiles(times: readonly number[]): Percentiles {
  if (times.length === 0) return { count: 0 };
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0).toFixed(3));
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
