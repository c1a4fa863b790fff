import type { PictureNumberShift } from './vp8-picture-numbers.ts';

/** A packet as it was sent, but for its payload's own numbers and its source: enough to send it once more. */
export type SentPacket = {
  readonly sequence: number;
  readonly timestamp: number;
  readonly isMarked: boolean;
  /** Shared with everybody who was sent it. */
  readonly payload: Uint8Array;
  readonly pictureNumberShift: PictureNumberShift | null;
  /** When it was sent last, in milliseconds; on the clock of `OutgoingMedia.packet`. */
  sentMillis: number;
};

/** The newest packets of one source, by their sequence numbers; older ones are forgotten. Payloads are not copied. */
export class SentPackets {
  readonly #slots: (SentPacket | undefined)[];

  /** `count`: how many are kept; a power of two, so that 16-bit numbers wrap evenly. */
  constructor(count: number) {
    if (count < 1 || 65_536 % count !== 0) throw new RangeError(`${count} packets cannot be kept`);
    this.#slots = new Array(count).fill(undefined);
  }

  keep(packet: SentPacket): void {
    this.#slots[packet.sequence % this.#slots.length] = packet;
  }

  /** Null when it was never sent, or is forgotten. */
  find(sequence: number): SentPacket | null {
    const packet = this.#slots[sequence % this.#slots.length];
    return packet?.sequence === sequence ? packet : null;
  }

  clear(): void {
    this.#slots.fill(undefined);
  }
}
