import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An event of a stream, as a browser would see it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Sends JSON as clients do; a string is sent as it is. */
export async function postJson(url: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
}

/** Asks over `POST /chat/stream/`. */
export async function ask(
  address: string,
  body: object = { message: 'How?' },
  init: RequestInit = {},
): Promise<Response> {
  return postJson(`${address}/chat/stream/`, body, init);
}

/** Every event of a stream that ends. */
export async function eventsOf(response: Response): Promise<readonly ReceivedEvent[]> {
  const frames = (await response.text()).split('\n\n').filter((frame) => /^(?:id|event|data)/.test(frame));
  return frames.map((frame) => {
    const fields = new Map(frame.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    return {
      id: fields.get('id') ?? '',
      event: fields.get('event') ?? '',
      data: JSON.parse(fields.get('data') ?? 'null') as unknown,
    };
  });
}

/** A bare connection, for what `fetch` would not send and for readers that do not read. */
export function connectTo(address: string): Socket {
  const { hostname, port } = new URL(address);
  return connect(Number(port), hostname).on('error', () => undefined);
}

/** Asks over a bare socket, so that the test decides when it reads. */
export function askOverSocket(address: string): Socket {
  const socket = connectTo(address);
  const body = '{"message":"How?"}';
  socket.write(
    `POST /chat/stream/ HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

/** What arrives up to and with this text. */
export async function readUntil(socket: Socket, text: string): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(String(chunk));
    if (chunks.slice(-2).join('').includes(text)) break;
  }
  return chunks.join('');
}

/** Sends these bytes and gives the whole answer; the connection is closed after it. */
export async function exchange(address: string, request: string): Promise<string> {
  const socket = connectTo(address);
  const chunks: string[] = [];
  socket.setEncoding('latin1').on('data', (chunk: string) => chunks.push(chunk));
  socket.write(request, 'latin1');
  await once(socket, 'close');
  return chunks.join('');
}
