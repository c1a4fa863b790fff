import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** A WebSocket message as a browser sends it: masked with a key that nobody can predict (RFC 6455, 5.3). */
export function clientFrame(payload: Uint8Array, opcode: 1 | 2): Buffer {
  const long = payload.length > 65_535;
  const head = Buffer.alloc(payload.length < 126 ? 6 : long ? 14 : 8);
  head[0] = 0x80 | opcode;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else if (long) {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  } else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  const key = randomBytes(4);
  key.copy(head, head.length - 4);
  const masked = Buffer.from(payload);
  for (let index = 0; index < masked.length; index += 1)
    masked[index] = (masked[index] ?? 0) ^ (key[index & 3] ?? 0);
  return Buffer.concat([head, masked]);
}

/** What a server says in short text messages. */
export type RawConnection = {
  readonly socket: Socket;
  /** Resolves with the first text message that passes; messages before it are gone. */
  until(passes: (text: string) => boolean): Promise<string>;
};

/** Opens a WebSocket by hand. @throws Error when the upgrade is refused. */
export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  const key = randomBytes(16).toString('base64');
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const inbox = new Inbox(socket);
  const head = await inbox.head();
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`no WebSocket: ${head.slice(0, 200)}`);
  return { socket, until: passes => inbox.until(passes) };
}

/** Splits what the server sends into text messages; it only ever sends small ones here. */
class Inbox {
  readonly #texts: string[] = [];
  #bytes = Buffer.alloc(0);
  #isOpen = false;
  #wake = () => {};
  #error: Error | null = null;

  constructor(socket: Socket) {
    socket.on('data', bytes => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      if (this.#isOpen) this.#split();
      this.#wake();
    });
    const gone = (why: string) => {
      this.#error ??= new Error(why);
      this.#wake();
    };
    socket.on('error', error => gone(error.message));
    socket.on('close', () => gone('the server closed the connection'));
  }

  async head(): Promise<string> {
    while (!this.#bytes.includes('\r\n\r\n')) await this.#more();
    const end = this.#bytes.indexOf('\r\n\r\n');
    const head = this.#bytes.toString('latin1', 0, end);
    this.#bytes = this.#bytes.subarray(end + 4);
    this.#isOpen = true;
    this.#split();
    return head;
  }

  async until(passes: (text: string) => boolean): Promise<string> {
    for (;;) {
      for (let text = this.#texts.shift(); text !== undefined; text = this.#texts.shift()) {
        if (passes(text)) return text;
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    if (this.#error) throw this.#error;
    await new Promise<void>(resolve => {
      this.#wake = resolve;
    });
  }

  #split(): void {
    for (;;) {
      if (this.#bytes.length < 2) return;
      const short = (this.#bytes[1] ?? 0) & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.#bytes.length < head) return;
      const length =
        short < 126
          ? short
          : short === 126
            ? this.#bytes.readUInt16BE(2)
            : Number(this.#bytes.readBigUInt64BE(2));
      if (this.#bytes.length < head + length) return;
      const opcode = (this.#bytes[0] ?? 0) & 0x0f;
      if (opcode === 1) this.#texts.push(this.#bytes.toString('utf8', head, head + length));
      this.#bytes = this.#bytes.subarray(head + length);
    }
  }
}

/** Writes all of it with back-pressure. */
export async function writeAll(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    if (!socket.write(piece)) await new Promise<void>(resolve => socket.once('drain', resolve));
  }
}
