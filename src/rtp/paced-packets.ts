import type { MediaPacket } from './media-packet.ts';

/** A packet that waits for its turn, and when it is on the viewer's clock. */
export type WaitingPacket = {
  readonly packet: MediaPacket;
  readonly viewerMicros: number;
  /** Its time is drawn to others': it does not follow from the packet's before it. */
  readonly isRetimed: boolean;
};

// 20 Mbit/s at 40 turns a second: two seconds of 720p are out in a quarter of a second, and no socket overflows.
const bytesATurn = 64 * 1024;
const mostPackets = 16_000;

/** Packets that are too many to be sent at once: so many bytes a turn, in order. Bounded: what does not fit is told. */
export class PacedPackets {
  readonly #send: (waiting: WaitingPacket) => void;
  #waiting: WaitingPacket[] = [];
  #next = 0;

  constructor(send: (waiting: WaitingPacket) => void) {
    this.#send = send;
  }

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length;
  }

  /** False when there are too many: then none is left. */
  push(waiting: WaitingPacket): boolean {
    this.#waiting.push(waiting);
    if (this.#waiting.length <= mostPackets) return true;
    this.clear();
    return false;
  }

  /** Sends what one turn allows; at least one packet. */
  turn(): void {
    for (let bytes = 0; bytes < bytesATurn && !this.isEmpty; this.#next += 1) {
      const waiting = this.#waiting[this.#next] as WaitingPacket;
      bytes += waiting.packet.payload.length;
      this.#send(waiting);
    }
    if (this.isEmpty) this.clear();
  }

  clear(): void {
    this.#waiting = [];
    this.#next = 0;
  }
}
