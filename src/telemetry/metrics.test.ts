import { describe, expect, it } from 'vitest';

import { createMetrics } from './metrics.ts';

describe('the metrics', () => {
  it('count turns by mode and outcome, with their times and tokens', async () => {
    using metrics = createMetrics();
    metrics.turnEnded({
      mode: 'async',
      outcome: 'stop',
      totalMs: 2000,
      firstTokenMs: 50,
      usage: { inputTokens: 12, outputTokens: 7 },
    });
    metrics.turnEnded({ mode: 'async', outcome: 'abandoned', totalMs: 5 });
    const text = await metrics.render();
    expect(text).toContain('citestream_turns_total{mode="async",outcome="stop"} 1');
    expect(text).toContain('citestream_turns_total{mode="async",outcome="abandoned"} 1');
    expect(text).toContain('citestream_turn_first_token_seconds_count{mode="async"} 1');
    expect(text).toContain('citestream_turn_duration_seconds_sum{mode="async"} 2.005');
    expect(text).toContain('citestream_tokens_total{direction="input"} 12');
    expect(text).toContain('citestream_tokens_total{direction="output"} 7');
  });

  it('count requests by route and status, and streams while they are open', async () => {
    using metrics = createMetrics();
    metrics.requestEnded({ method: 'GET', route: '/documents/:document_id', status: 404, durationMs: 4 });
    const closed = metrics.streamOpened();
    metrics.streamOpened();
    closed();
    closed();
    const text = await metrics.render();
    expect(text).toContain(
      'citestream_http_request_duration_seconds_count{method="GET",route="/documents/:document_id",status="404"} 1',
    );
    expect(text).toContain('citestream_open_streams 1');
  });

  it('tell the lag of the event loop and the memory of the process', async () => {
    using metrics = createMetrics();
    const text = await metrics.render();
    expect(text).toMatch(/citestream_event_loop_lag_seconds\{quantile="0.99"\} [\d.e-]+/);
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('of two servers are apart', async () => {
    using one = createMetrics();
    using other = createMetrics();
    one.streamOpened();
    expect(await other.render()).toContain('citestream_open_streams 0');
  });
});
