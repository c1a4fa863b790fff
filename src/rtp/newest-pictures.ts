import type { MediaPacket } from './media-packet.ts';

// Ten seconds at 6 Mbit/s: what is longer costs a viewer more than waiting for the next key frame.
const mostBytes = 8 * 1024 * 1024;
const mostPackets = 8_000;

/**
 * The newest group of pictures of a stream, from its key frame on, so that a viewer who comes may see it at once
 * (`OutgoingMedia.catchUp`). Of one layer; kept within 8 MiB, else empty until the next key frame.
 */
export class NewestPictures {
  #packets: MediaPacket[] = [];
  #bytes = 0;

  /** A packet of the stream; sound is left out. */
  packet(packet: MediaPacket): void {
    if (packet.kind !== 'video' || packet.layer !== 0) return;
    if (packet.beginsKeyFrame || packet.isAfterLoss) this.clear();
    if (!packet.beginsKeyFrame && this.#packets.length === 0) return;
    this.#packets.push(packet);
    this.#bytes += packet.payload.length;
    if (this.#bytes > mostBytes || this.#packets.length > mostPackets) this.clear();
  }

  /** From a key frame to the newest packet; empty when there is none yet. */
  get packets(): readonly MediaPacket[] {
    return this.#packets;
  }

  clear(): void {
    this.#packets = [];
    this.#bytes = 0;
  }
}
