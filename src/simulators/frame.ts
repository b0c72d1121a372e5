/** Bytes to send, and the same as a chunk of HTTP/1.1, made once however often they are sent. */
export class Frame {
  readonly bytes: Buffer;
  #chunk: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** With the chunk's length before and a line break behind. */
  get chunk(): Buffer {
    this.#chunk ??= Buffer.concat([
      Buffer.from(`${this.bytes.length.toString(16)}\r\n`, 'latin1'),
      this.bytes,
      Buffer.from('\r\n', 'latin1'),
    ]);
    return this.#chunk;
  }
}

const MAX_FRAMES = 20_000;
const MAX_KEY_CHARACTERS = 64;

/** Keeps frames that are sent again and again: the words of a language are few. */
export class FrameCache {
  readonly #frames = new Map<string, Frame>();

  /** The frame of this key; the key has to tell everything that the frame is made of. */
  get(key: string, encode: () => Buffer): Frame {
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const frame = new Frame(encode());
    if (key.length <= MAX_KEY_CHARACTERS) {
      if (this.#frames.size >= MAX_FRAMES) this.#frames.clear();
      this.#frames.set(key, frame);
    }
    return frame;
  }
}
