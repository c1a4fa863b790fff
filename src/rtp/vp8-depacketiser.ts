import {
  type Depacketiser,
  type PacketRole,
  type Picture,
  PictureAssembly,
  plainRole,
} from './depacketiser.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** The payload descriptor of a VP8 packet (RFC 7741, section 4.2); null where a field is absent. */
export type Vp8Descriptor = {
  readonly isNonReference: boolean;
  readonly beginsPartition: boolean;
  readonly partition: number;
  /** 7 or 15 bits. */
  readonly pictureId: number | null;
  readonly hasLongPictureId: boolean;
  readonly tl0PictureIndex: number | null;
  readonly temporalLayer: number | null;
  readonly isLayerSync: boolean;
  readonly keyIndex: number | null;
  /** How many bytes the descriptor has; what follows is VP8. */
  readonly sizeBytes: number;
};

const keyFrameRole: PacketRole = { beginsKeyFrame: true, before: null };

/** Reads the descriptor; null when the payload is too short for it, or nothing stands behind it. Never throws. */
export function readVp8Descriptor(payload: Uint8Array): Vp8Descriptor | null {
  const first = payload[0];
  if (first === undefined) return null;
  const extended = (first & 0x80) === 0 ? 0 : (payload[1] ?? 0);
  let at = (first & 0x80) === 0 ? 1 : 2;
  let pictureId: number | null = null;
  let hasLongPictureId = false;
  if ((extended & 0x80) !== 0) {
    hasLongPictureId = ((payload[at] ?? 0) & 0x80) !== 0;
    pictureId = hasLongPictureId
      ? (((payload[at] ?? 0) & 0x7f) << 8) | (payload[at + 1] ?? 0)
      : (payload[at] ?? 0);
    at += hasLongPictureId ? 2 : 1;
  }
  let tl0PictureIndex: number | null = null;
  if ((extended & 0x40) !== 0) {
    tl0PictureIndex = payload[at] ?? 0;
    at += 1;
  }
  const layers = (extended & 0x30) === 0 ? 0 : (payload[at] ?? 0);
  if ((extended & 0x30) !== 0) at += 1;
  if (at >= payload.length) return null;
  return {
    isNonReference: (first & 0x20) !== 0,
    beginsPartition: (first & 0x10) !== 0,
    partition: first & 0x07,
    pictureId,
    hasLongPictureId,
    tl0PictureIndex,
    temporalLayer: (extended & 0x20) === 0 ? null : layers >> 6,
    isLayerSync: (extended & 0x20) !== 0 && (layers & 0x20) !== 0,
    keyIndex: (extended & 0x10) === 0 ? null : layers & 0x1f,
    sizeBytes: at,
  };
}

/** Makes VP8 frames of RTP payloads (RFC 7741). */
export class Vp8Depacketiser implements Depacketiser {
  readonly #assembly: PictureAssembly;
  #pictureArea = 0;

  constructor(complete: (picture: Picture) => void) {
    this.#assembly = new PictureAssembly(complete);
  }

  get needsKeyFrame(): boolean {
    return this.#assembly.needsKeyFrame;
  }

  get pictureArea(): number {
    return this.#pictureArea;
  }

  push(packet: RtpPacket, isAfterLoss: boolean): PacketRole {
    const assembly = this.#assembly;
    if (isAfterLoss && assembly.timestamp !== null) assembly.spoil();
    if (isAfterLoss) assembly.requireKeyFrame();
    const isFirst = packet.timestamp !== assembly.timestamp;
    if (isFirst) {
      // A sender that sets no marker ends a picture by beginning another.
      if (assembly.timestamp !== null) assembly.end();
      assembly.begin(packet.timestamp);
    }
    const role = this.#take(packet.payload, isFirst);
    if (packet.isMarked) assembly.end();
    return role;
  }

  #take(payload: Uint8Array, isFirst: boolean): PacketRole {
    const descriptor = readVp8Descriptor(payload);
    const beginsFrame = descriptor?.beginsPartition === true && descriptor.partition === 0;
    // The first packet of a picture begins its first partition, and no other packet does.
    if (descriptor === null || beginsFrame !== isFirst) {
      this.#assembly.spoil();
      return plainRole;
    }
    const data = payload.subarray(descriptor.sizeBytes);
    this.#assembly.add(data);
    if (!isFirst) return plainRole;
    const area = keyFrameArea(data);
    if (area === null) return plainRole;
    this.#pictureArea = area;
    this.#assembly.markKey();
    return keyFrameRole;
  }
}

/** Width times height, when the data begins a key frame (RFC 6386, section 9.1); else null. */
function keyFrameArea(data: Uint8Array): number | null {
  if (data.length < 10 || ((data[0] as number) & 1) === 1) return null;
  if (data[3] !== 0x9d || data[4] !== 0x01 || data[5] !== 0x2a) return null;
  // Little endian, 14 bits of size below two of scale.
  const side = (at: number) => (((data[at + 1] as number) << 8) | (data[at] as number)) & 0x3fff;
  return side(6) * side(8);
}
