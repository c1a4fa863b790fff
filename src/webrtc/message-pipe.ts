import { LivereelError } from '../errors.ts';

/**
 * What goes over the pipe between server and engine: a few fields as JSON, and media bytes as they are. Of frames, of
 * which there are hundreds a second, the fields are a few bytes instead: see frame-head.ts.
 */
export type PipeMessage = {
  /** What the JSON said, of which nothing is known yet; or a frame's bytes, a `Uint8Array`. */
  readonly head: unknown;
  /** Empty where there is none. The reader's own. */
  readonly body: Uint8Array;
};

/** A session description of 64 KiB, each of its characters escaped. */
const mostHeadBytes = 512 * 1024;
/** A whole picture. */
const mostBodyBytes = 16 * 1024 * 1024;
/** Of the two lengths before each message. */
export const lengthsBytes = 8;
/** Set in the length of a head that is no JSON. */
const bareHead = 0x8000_0000;
const noBytes = new Uint8Array(0);

/**
 * One message: two lengths of 32 bits, head, body. The body is copied.
 * @throws LivereelError `message-too-large`.
 */
export function packMessage(head: object, body: Uint8Array = noBytes): Buffer {
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  if (headBytes > mostHeadBytes || body.length > mostBodyBytes) {
    throw new LivereelError(
      'message-too-large',
      `a message of ${headBytes} and ${body.length} bytes is over the limit`,
    );
  }
  const bytes = Buffer.allocUnsafe(lengthsBytes + headBytes + body.length);
  bytes.writeUInt32BE(headBytes, 0);
  bytes.writeUInt32BE(body.length, 4);
  bytes.write(json, lengthsBytes);
  bytes.set(body, lengthsBytes + headBytes);
  return bytes;
}

/** Writes the lengths of a message whose head is bytes: they stand before it, at `at`. */
export function writeLengths(target: Buffer, at: number, headBytes: number, bodyBytes: number): void {
  target.writeUInt32BE((bareHead | headBytes) >>> 0, at);
  target.writeUInt32BE(bodyBytes, at + 4);
}

/** Takes a pipe's bytes as they come and gives whole messages. Holds no more than one message and what came with it. */
export class MessageReader {
  readonly #onMessage: (message: PipeMessage) => void;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** How much is needed before the next look is worth it. */
  #wantedBytes = lengthsBytes;

  constructor(onMessage: (message: PipeMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** `chunk` is kept. @throws LivereelError `malformed-message`: nothing after it can be understood; what `onMessage` throws. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#wantedBytes) return;
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#heldBytes);
    this.#chunks = [];
    for (;;) {
      this.#wantedBytes = sizeOf(bytes);
      if (bytes.length < this.#wantedBytes) break;
      const message = readMessage(bytes);
      bytes = bytes.subarray(this.#wantedBytes);
      this.#onMessage(message);
    }
    this.#heldBytes = bytes.length;
    if (bytes.length > 0) this.#chunks.push(bytes);
  }
}

/** How long the message at the beginning is, as far as that is known; at least the lengths themselves. */
function sizeOf(bytes: Buffer): number {
  if (bytes.length < lengthsBytes) return lengthsBytes;
  const headBytes = bytes.readUInt32BE(0) & ~bareHead;
  const bodyBytes = bytes.readUInt32BE(4);
  if (headBytes > mostHeadBytes || bodyBytes > mostBodyBytes) {
    throw new LivereelError('malformed-message', `a message claims ${headBytes} and ${bodyBytes} bytes`);
  }
  return lengthsBytes + headBytes + bodyBytes;
}

function readMessage(bytes: Buffer): PipeMessage {
  const length = bytes.readUInt32BE(0);
  const bodyStart = lengthsBytes + (length & ~bareHead);
  const bodyEnd = bodyStart + bytes.readUInt32BE(4);
  if (length >= bareHead)
    return { head: bytes.subarray(lengthsBytes, bodyStart), body: bytes.subarray(bodyStart, bodyEnd) };
  const json = bytes.toString('utf8', lengthsBytes, bodyStart);
  try {
    return { head: JSON.parse(json), body: bytes.subarray(bodyStart, bodyEnd) };
  } catch (error) {
    throw new LivereelError('malformed-message', 'the head of a message is no JSON', { cause: error });
  }
}
