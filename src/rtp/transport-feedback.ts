import { feedbackFormat, rtcpType } from './rtcp-packet.ts';
import { feedbackHead } from './rtcp-writer.ts';
import { readUint16, sequenceDistance } from './rtp-packet.ts';

/** What a receiver says of packets that follow each other in a transport-wide sequence. */
export type TransportFeedback = {
  /** The transport-wide number of the first packet. */
  readonly baseSequence: number;
  /** When each came, in microseconds on the receiver's clock, steps of 250; null: it has not come. */
  readonly arrivalsMicros: readonly (number | null)[];
  /** Counts the feedback packets of a receiver; 8 bits. */
  readonly feedbackCount: number;
};

// A power of two: what arrived within the last half second of 8,000 packets a second.
const capacity = 4_096;
// So that the packet, with at most two bytes of time and two bits of status each, fits into one datagram.
const mostStatuses = 480;
const tickMicros = 250;
const referenceMicros = 64_000;
const status = { lost: 0, smallDelta: 1, largeDelta: 2 } as const;
const longestRun = 8_191;

/**
 * Tells a sender when each of its packets came, whichever source it belongs to, so that it finds its bandwidth
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). A packet that comes after it was told as lost is told again.
 */
export class TransportFeedbackWriter {
  readonly #senderSsrc: number;
  readonly #arrivedTicks = new Float64Array(capacity);
  /** Whose time stands in a place: numbers without wraps, -1 for nobody's. */
  readonly #numbers = new Float64Array(capacity).fill(-1);
  /** The first to be told next time. */
  #begin = -1;
  #highest = -1;
  #feedbackCount = 0;

  constructor(senderSsrc: number) {
    this.#senderSsrc = senderSsrc;
  }

  /** A packet came. `sequence`: its transport-wide number, 16 bits. */
  note(sequence: number, nowMillis: number): void {
    let number = sequence + 0x10000;
    if (this.#highest >= 0) number = this.#highest + sequenceDistance(this.#highest & 0xffff, sequence);
    if (this.#highest < 0 || Math.abs(number - this.#highest) >= capacity) {
      // The first one, or a sender that counts anew.
      this.#numbers.fill(-1);
      this.#begin = number;
      this.#highest = number;
    } else {
      this.#begin = Math.max(Math.min(this.#begin, number), this.#highest - capacity + 1);
      this.#highest = Math.max(this.#highest, number);
      this.#begin = Math.max(this.#begin, this.#highest - capacity + 1);
    }
    const place = number % capacity;
    // Of two copies the first one counts.
    if (this.#numbers[place] === number) return;
    this.#numbers[place] = number;
    this.#arrivedTicks[place] = Math.round((nowMillis * 1_000) / tickMicros);
  }

  /** What there is to tell: none, one or a few packets. `mediaSsrc`: any source of the sender. */
  take(mediaSsrc: number): Buffer[] {
    const packets: Buffer[] = [];
    while (this.#begin >= 0 && this.#begin <= this.#highest) {
      const packet = this.#takeOne(mediaSsrc);
      if (packet !== null) packets.push(packet);
    }
    return packets;
  }

  #takeOne(mediaSsrc: number): Buffer | null {
    const base = this.#begin;
    const statuses: number[] = [];
    const deltas: number[] = [];
    let reference: number | null = null;
    let lastTicks = 0;
    let number = base;
    for (; number <= this.#highest && statuses.length < mostStatuses; number += 1) {
      if (this.#numbers[number % capacity] !== number) {
        statuses.push(status.lost);
        continue;
      }
      const ticks = this.#arrivedTicks[number % capacity] as number;
      if (reference === null) {
        reference = Math.floor((ticks * tickMicros) / referenceMicros);
        lastTicks = (reference * referenceMicros) / tickMicros;
      }
      const delta = ticks - lastTicks;
      // More than eight seconds apart: another packet, with a reference time of its own.
      if (delta < -0x8000 || delta > 0x7fff) break;
      lastTicks = ticks;
      deltas.push(delta);
      statuses.push(delta >= 0 && delta <= 0xff ? status.smallDelta : status.largeDelta);
    }
    this.#begin = number;
    if (reference === null) return null;
    const count = this.#feedbackCount;
    this.#feedbackCount = (count + 1) & 0xff;
    return feedbackPacket({ ssrcs: [this.#senderSsrc, mediaSsrc], base, statuses, deltas, reference, count });
  }
}

/** Reads one transport feedback packet, with its padding; null when it is malformed. Never throws. */
export function readTransportFeedback(bytes: Uint8Array): TransportFeedback | null {
  if (bytes.length < 20) return null;
  const baseSequence = readUint16(bytes, 12);
  const statusCount = readUint16(bytes, 14);
  // 24 bits with a sign.
  const reference = (((readUint16(bytes, 16) << 8) | (bytes[18] as number)) << 8) >> 8;
  const statuses: number[] = [];
  let at = 20;
  while (statuses.length < statusCount) {
    if (at + 2 > bytes.length) return null;
    pushStatuses(statuses, readUint16(bytes, at), statusCount);
    at += 2;
  }
  let arrivedMicros = reference * referenceMicros;
  const arrivalsMicros: (number | null)[] = [];
  for (const one of statuses) {
    const sizeBytes = one === status.smallDelta ? 1 : one === status.largeDelta ? 2 : 0;
    if (at + sizeBytes > bytes.length) return null;
    if (sizeBytes === 1) arrivedMicros += (bytes[at] as number) * tickMicros;
    if (sizeBytes === 2) arrivedMicros += ((readUint16(bytes, at) << 16) >> 16) * tickMicros;
    arrivalsMicros.push(sizeBytes === 0 ? null : arrivedMicros);
    at += sizeBytes;
  }
  return { baseSequence, arrivalsMicros, feedbackCount: bytes[19] as number };
}

type Feedback = {
  readonly ssrcs: readonly [number, number];
  readonly base: number;
  readonly statuses: readonly number[];
  readonly deltas: readonly number[];
  readonly reference: number;
  readonly count: number;
};

function feedbackPacket({ ssrcs, base, statuses, deltas, reference, count }: Feedback): Buffer {
  const chunks = statusChunks(statuses);
  const deltaBytes = deltas.reduce((sum, delta) => sum + (delta >= 0 && delta <= 0xff ? 1 : 2), 0);
  const usedBytes = 20 + 2 * chunks.length + deltaBytes;
  const sizeBytes = Math.ceil(usedBytes / 4) * 4;
  const { transportLayerFeedback } = rtcpType;
  const bytes = feedbackHead(transportLayerFeedback, feedbackFormat.transportFeedback, sizeBytes, ...ssrcs);
  bytes.writeUInt16BE(base & 0xffff, 12);
  bytes.writeUInt16BE(statuses.length, 14);
  bytes.writeUIntBE(reference & 0xff_ffff, 16, 3);
  bytes[19] = count;
  let at = 20;
  for (const chunk of chunks) at = bytes.writeUInt16BE(chunk, at);
  for (const delta of deltas) {
    at = delta >= 0 && delta <= 0xff ? bytes.writeUInt8(delta, at) : bytes.writeInt16BE(delta, at);
  }
  if (at < sizeBytes) {
    bytes[0] = (bytes[0] as number) | 0x20;
    bytes[sizeBytes - 1] = sizeBytes - at;
  }
  return bytes;
}

/** Packet status chunks (section 3.1.2): runs where they are shorter than vectors of one or two bits each. */
function statusChunks(statuses: readonly number[]): number[] {
  const chunks: number[] = [];
  for (let at = 0; at < statuses.length; ) {
    const first = statuses[at] as number;
    let run = 1;
    while (statuses[at + run] === first && run < longestRun) run += 1;
    const next = statuses.slice(at, at + 14);
    const isOneBit = !next.includes(status.largeDelta);
    if (run >= (isOneBit ? 14 : 7) || at + run === statuses.length) {
      chunks.push((first << 13) | run);
      at += run;
    } else if (isOneBit) {
      chunks.push(next.reduce((bits, one, index) => bits | (one << (13 - index)), 0x8000));
      at += next.length;
    } else {
      const seven = next.slice(0, 7);
      chunks.push(seven.reduce((bits, one, index) => bits | (one << (12 - 2 * index)), 0xc000));
      at += seven.length;
    }
  }
  return chunks;
}

function pushStatuses(statuses: number[], chunk: number, statusCount: number): void {
  const push = (one: number) => {
    if (statuses.length < statusCount) statuses.push(one);
  };
  if (chunk < 0x8000) {
    for (let left = chunk & 0x1fff; left > 0 && statuses.length < statusCount; left -= 1) push(chunk >> 13);
    // A run of nothing says nothing, but must not be read forever.
    return;
  }
  const isTwoBits = (chunk & 0x4000) !== 0;
  for (let index = 0; index < (isTwoBits ? 7 : 14); index += 1) {
    push(isTwoBits ? (chunk >> (12 - 2 * index)) & 3 : (chunk >> (13 - index)) & 1);
  }
}
