import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

import { watchEventLoopLag } from './event-loop-lag.ts';

/** How one HTTP request went. */
export interface RequestFigures {
  readonly method: string;
  /** The route's pattern, never the address itself, so that there are only so many. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** How one turn went; `outcome` is its finish reason, `error`, or `abandoned` by its reader. */
export interface TurnFigures {
  readonly mode: string;
  readonly outcome: string;
  readonly totalMs: number;
  /** Absent where nothing was written. */
  readonly firstTokenMs?: number;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
}

/** What a server counts, for Prometheus; an instance has a registry of its own. */
export interface Metrics extends Disposable {
  readonly contentType: string;
  /** The text a scrape is answered with. */
  render(): Promise<string>;
  requestEnded(figures: RequestFigures): void;
  turnEnded(figures: TurnFigures): void;
  /** Counts an open event stream until what it returns is called. */
  streamOpened(): () => void;
}

const SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

/** Makes the metrics of one server, with those of its process: memory, CPU, garbage collection, event-loop lag. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const lag = watchEventLoopLag();
  collectDefaultMetrics({ register: registry });

  const requests = new Histogram({
    name: 'citestream_http_request_duration_seconds',
    help: 'HTTP requests by route and status, from the first byte in to the last byte out.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const turns = new Counter({
    name: 'citestream_turns_total',
    help: 'Turns that ended, by mode and outcome.',
    labelNames: ['mode', 'outcome'],
    registers,
  });
  const firstToken = new Histogram({
    name: 'citestream_turn_first_token_seconds',
    help: 'Time from the request to the first token.',
    labelNames: ['mode'],
    buckets: SECONDS,
    registers,
  });
  const total = new Histogram({
    name: 'citestream_turn_duration_seconds',
    help: 'Time from the request to the end of its turn.',
    labelNames: ['mode'],
    buckets: SECONDS,
    registers,
  });
  const tokens = new Counter({
    name: 'citestream_tokens_total',
    help: 'Tokens as the LLM counted them.',
    labelNames: ['direction'],
    registers,
  });
  const streams = new Gauge({
    name: 'citestream_open_streams',
    help: 'Event streams that are open now.',
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: 'citestream_event_loop_lag_seconds',
      help: 'How late the event loop was since the last scrape.',
      labelNames: ['quantile'],
      registers: [],
      collect() {
        const { p50Ms, p99Ms, maxMs } = lag.read();
        this.set({ quantile: '0.5' }, p50Ms / 1000);
        this.set({ quantile: '0.99' }, p99Ms / 1000);
        this.set({ quantile: '1' }, maxMs / 1000);
        lag.reset();
      },
    }),
  );

  return {
    contentType: registry.contentType,
    render: async () => registry.metrics(),
    requestEnded({ method, route, status, durationMs }) {
      requests.observe({ method, route, status }, durationMs / 1000);
    },
    turnEnded({ mode, outcome, totalMs, firstTokenMs, usage }) {
      turns.inc({ mode, outcome });
      total.observe({ mode }, totalMs / 1000);
      if (firstTokenMs !== undefined) firstToken.observe({ mode }, firstTokenMs / 1000);
      if (usage === undefined) return;
      tokens.inc({ direction: 'input' }, usage.inputTokens);
      tokens.inc({ direction: 'output' }, usage.outputTokens);
    },
    streamOpened() {
      streams.inc();
      let open = true;
      return () => {
        if (open) streams.dec();
        open = false;
      };
    },
    [Symbol.dispose]() {
      lag[Symbol.dispose]();
      registry.clear();
    },
  };
}
