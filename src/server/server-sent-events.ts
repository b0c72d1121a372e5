/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  /** Absent, a reader that comes back keeps the number it had. */
  readonly id?: number;
  /** One of our own names: letters and `_`, never a line break. */
  readonly event: string;
  /** Written as JSON, which holds no line break, so that any text arrives as it was. */
  readonly data: object;
}

/** A comment that readers ignore and proxies see as life. */
export const HEARTBEAT_FRAME = ': heartbeat\n\n';

/** The bytes of one event, as text: what the reader's parser gives back is exactly `data`. */
export function encodeServerSentEvent({ id, event, data }: ServerSentEvent): string {
  const number = id === undefined ? '' : `id: ${id}\n`;
  return `${number}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
