import type { MediaPacket } from './media-packet.ts';

// Ten seconds at 6 Mbit/s: what is longer costs a viewer more than waiting for the next key frame.
const mostBytes = 8 * 1024 * 1024;
const mostPackets = 8_000;
const firstBytes = 64 * 1024;
const firstPackets = 128;
/** What is noted of a packet: its ticks, its time, its marks, where its payload ends, its number. */
const fields = 5;
const marks = { isMarked: 1, beginsKeyFrame: 2, isAfterLoss: 4 } as const;

/**
 * The newest group of pictures of a stream, from its key frame on, so that a viewer who comes may see it at once
 * (`OutgoingMedia.catchUp`). Of one layer; kept within 8 MiB, else empty until the next key frame.
 *
 * It is kept in memory that is used again: packets that were held themselves, for two seconds of each publisher, would
 * outlive V8's young generation and be collected with the old one, by whole megabytes.
 */
export class NewestPictures {
  #payloads = Buffer.alloc(0);
  #notes = new Float64Array(0);
  #count = 0;
  #bytes = 0;

  /** A packet of the stream; sound is left out. What it holds is copied. */
  packet(packet: MediaPacket): void {
    const { kind, layer, beginsKeyFrame, isAfterLoss, payload } = packet;
    if (kind !== 'video' || layer !== 0) return;
    if (beginsKeyFrame || isAfterLoss) this.clear();
    if (!beginsKeyFrame && this.#count === 0) return;
    if (this.#bytes + payload.length > mostBytes || this.#count === mostPackets) {
      this.clear();
      return;
    }
    this.#makeRoom(payload.length);
    this.#payloads.set(payload, this.#bytes);
    this.#bytes += payload.length;
    const at = this.#count * fields;
    this.#notes[at] = packet.ticks;
    this.#notes[at + 1] = packet.timeMicros;
    this.#notes[at + 2] =
      (packet.isMarked ? marks.isMarked : 0) |
      (beginsKeyFrame ? marks.beginsKeyFrame : 0) |
      (isAfterLoss ? marks.isAfterLoss : 0);
    this.#notes[at + 3] = this.#bytes;
    this.#notes[at + 4] = packet.number;
    this.#count += 1;
  }

  /** From a key frame to the newest packet, as a copy of its own; empty when there is none yet. */
  get packets(): readonly MediaPacket[] {
    const payloads = Buffer.from(this.#payloads.subarray(0, this.#bytes));
    const packets: MediaPacket[] = [];
    let begin = 0;
    for (let index = 0; index < this.#count; index += 1) {
      const [ticks = 0, timeMicros = 0, marked = 0, end = 0, number = 0] = this.#notes.subarray(
        index * fields,
      );
      packets.push({
        kind: 'video',
        number,
        ticks,
        timeMicros,
        isMarked: (marked & marks.isMarked) !== 0,
        beginsKeyFrame: (marked & marks.beginsKeyFrame) !== 0,
        isAfterLoss: (marked & marks.isAfterLoss) !== 0,
        layer: 0,
        payload: payloads.subarray(begin, end),
      });
      begin = end;
    }
    return packets;
  }

  /** Nothing can be begun with until the next key frame. Memory that a larger group needed is given back by halves. */
  clear(): void {
    const size = this.#payloads.length;
    if (size > firstBytes && this.#bytes < size / 4 && this.#count > 0)
      this.#payloads = Buffer.alloc(size / 2);
    this.#count = 0;
    this.#bytes = 0;
  }

  #makeRoom(payloadBytes: number): void {
    if (this.#bytes + payloadBytes > this.#payloads.length) {
      let size = Math.max(firstBytes, this.#payloads.length);
      while (size < this.#bytes + payloadBytes) size *= 2;
      const larger = Buffer.alloc(size);
      this.#payloads.copy(larger, 0, 0, this.#bytes);
      this.#payloads = larger;
    }
    if (this.#count * fields < this.#notes.length) return;
    const larger = new Float64Array(Math.max(firstPackets * fields, this.#notes.length * 2));
    larger.set(this.#notes);
    this.#notes = larger;
  }
}
