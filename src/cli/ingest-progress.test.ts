import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { IngestSummary } from '../ingest/ingest-event.ts';
import { describeSummary, showIngestProgress } from './ingest-progress.ts';
import { openTerminal } from './terminal.ts';

const summary: IngestSummary = {
  added: 0,
  updated: 0,
  unchanged: 0,
  removed: 0,
  failed: [],
  files: 0,
  skipped: 0,
  chunks: 0,
  bytes: 0,
  elapsedMs: 1234,
  stages: { readMs: 0, embedMs: 0, storeMs: 0 },
};

const open = (facts: { isTTY?: boolean; columns?: number } = {}) => {
  const stream = Object.assign(new PassThrough(), facts);
  const read = (): string => (stream.read() as Buffer | null)?.toString() ?? '';
  return { terminal: openTerminal(stream, { NO_COLOR: '1' }), read };
};

describe('describeSummary', () => {
  const describeIt = (more: Partial<IngestSummary>) =>
    describeSummary({ ...summary, ...more }, open().terminal);

  it('counts what there was', () => {
    expect(describeIt({ added: 2, unchanged: 3, removed: 1, chunks: 9 })).toBe(
      '✓ 2 added, 3 unchanged, 1 removed · 9 passages · 1.2 s\n',
    );
  });

  it('names what failed and why, in order and without end', () => {
    const failed = Array.from({ length: 60 }, (_, index) => ({
      uri: `docs/${String(99 - index)}.pdf`,
      reason: 'It is\nencrypted.',
    }));
    const lines = describeIt({ failed, added: 1 }).split('\n');
    expect(lines[0]).toBe('✗ docs/40.pdf: It is encrypted.');
    expect(lines.slice(50)).toEqual(['  and 10 more', '✗ 1 added, 60 failed · 1.2 s', '']);
  });

  it('says when there was nothing, and what was left out', () => {
    expect(describeIt({ skipped: 1 })).toBe(
      'Nothing to ingest: no file of a kind that can be read was found.\n  1 file of other kinds left out\n',
    );
  });
});

describe('showIngestProgress', () => {
  it('writes a quiet line where nobody watches, and one when it has to wait', () => {
    const { terminal, read } = open();
    using progress = showIngestProgress(terminal);
    progress.onEvent({ type: 'waiting', holder: 'an ingest of process 7' });
    progress.onEvent({ type: 'started', files: 2, bytes: 1500 });
    progress.onEvent({ type: 'progress', files: 1, filesTotal: 2, bytes: 700, bytesTotal: 1500, chunks: 3 });
    progress.onEvent({ type: 'done', summary });
    expect(read()).toBe('Waiting for an ingest of process 7 …\nReading 2 files (1.5 kB) …\n');
  });

  it('tells of the largest file of a model that is loaded first', () => {
    const { terminal, read } = open();
    using progress = showIngestProgress(terminal);
    const loading = (file: string, bytes: number, bytesTotal: number) =>
      progress.onEvent({ type: 'loading', file, bytes, bytesTotal });
    loading('tokenizer.json', 1, 700_000);
    loading('onnx/model.onnx', 1, 23_000_000);
    loading('tokenizer.json', 700_000, 700_000);
    loading('onnx/model.onnx', 23_000_000, 23_000_000);
    progress.onEvent({ type: 'started', files: 1, bytes: 1500 });
    expect(read()).toBe(
      'Loading tokenizer.json (700 kB) …\nLoading onnx/model.onnx (23 MB) …\nReading 1 file (1.5 kB) …\n',
    );
  });

  it('draws a bar on a terminal and clears it at the end', () => {
    const { terminal, read } = open({ isTTY: true, columns: 80 });
    using progress = showIngestProgress(terminal);
    progress.onEvent({ type: 'started', files: 2, bytes: 1500 });
    progress.onEvent({ type: 'progress', files: 2, filesTotal: 2, bytes: 1500, bytesTotal: 1500, chunks: 3 });
    progress.onEvent({ type: 'done', summary });
    expect(read()).toContain('░');
  });
});
