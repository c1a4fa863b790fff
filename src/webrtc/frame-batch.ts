import type { GatheredFrame } from '../rtp/media-frame.ts';
import { frameHeadBytes, writeFrameHead } from './frame-head.ts';
import { lengthsBytes, writeLengths } from './message-pipe.ts';

// What five publishers of 1.5 Mbit/s send in 50 ms, and a key frame.
const usualBytes = 128 * 1024;
const mostFree = 2;

/**
 * Frames as messages, one behind the other in memory that is used again: a frame's bytes are copied once, out of its
 * packets, and a pipe is written to once for many of them.
 */
export class FrameBatch {
  readonly #write: (bytes: Buffer, written: () => void) => void;
  readonly #free: Buffer[] = [];
  #memory: Buffer | null = null;
  #bytes = 0;

  /** `write`: on with these bytes; they are used again once it says that they are `written`. */
  constructor(write: (bytes: Buffer, written: () => void) => void) {
    this.#write = write;
  }

  /** How much waits for `send`. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  add(peerId: string, frame: GatheredFrame): void {
    const headBytes = frameHeadBytes(peerId);
    const sizeBytes = lengthsBytes + headBytes + frame.sizeBytes;
    if (this.#memory !== null && this.#bytes + sizeBytes > this.#memory.length) this.send();
    this.#memory ??= this.#memoryFor(sizeBytes);
    const memory = this.#memory;
    writeLengths(memory, this.#bytes, headBytes, frame.sizeBytes);
    writeFrameHead(memory, this.#bytes + lengthsBytes, peerId, frame);
    let at = this.#bytes + lengthsBytes + headBytes;
    for (const part of frame.parts) {
      memory.set(part, at);
      at += part.length;
    }
    this.#bytes = at;
  }

  /** What was gathered goes out. */
  send(): void {
    const memory = this.#memory;
    if (memory === null) return;
    const bytes = memory.subarray(0, this.#bytes);
    this.#memory = null;
    this.#bytes = 0;
    this.#write(bytes, () => {
      if (memory.length === usualBytes && this.#free.length < mostFree) this.#free.push(memory);
    });
  }

  #memoryFor(sizeBytes: number): Buffer {
    if (sizeBytes > usualBytes) return Buffer.allocUnsafeSlow(sizeBytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(usualBytes);
  }
}
