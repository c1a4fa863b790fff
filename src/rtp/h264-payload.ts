import { readUint16 } from './rtp-packet.ts';

/** The types of NAL units that matter here (H.264, table 7-1; from 24 on: RFC 6184, section 5.2). */
export const nalType = {
  slice: 1,
  keySlice: 5,
  sequenceParameters: 7,
  pictureParameters: 8,
  aggregate: 24,
  fragment: 28,
} as const;

/** What a payload of H.264 holds: whole NAL units, or a piece of one. */
export type H264Payload =
  | { readonly kind: 'whole'; readonly nals: readonly Uint8Array[] }
  | {
      readonly kind: 'piece';
      /** The NAL unit's own first byte, put together again. */
      readonly head: number;
      readonly isFirst: boolean;
      readonly isLast: boolean;
      /** Behind `head`. */
      readonly bytes: Uint8Array;
    };

/**
 * Reads a payload of packetisation modes 0 and 1: single NAL units, STAP-A and FU-A (RFC 6184, sections 5.6 to 5.8).
 * Null for what is malformed and for the interleaved mode, which nobody negotiates. Never throws.
 */
export function readH264Payload(payload: Uint8Array): H264Payload | null {
  const first = payload[0];
  // The forbidden bit is set by networks that know the unit to be damaged.
  if (first === undefined || first >= 0x80) return null;
  const type = first & 0x1f;
  if (type === nalType.aggregate) return readAggregate(payload);
  if (type === nalType.fragment) return readPiece(payload, first);
  return type === 0 || type > nalType.aggregate ? null : { kind: 'whole', nals: [payload] };
}

/** An STAP-A of these NAL units (RFC 6184, section 5.7.1); null when one is too long for its length field. */
export function h264Aggregate(nals: readonly Uint8Array[]): Uint8Array | null {
  if (nals.some(nal => nal.length > 0xffff)) return null;
  const bytes = Buffer.allocUnsafe(nals.reduce((sum, nal) => sum + 2 + nal.length, 1));
  // Its importance is that of the most important unit in it.
  bytes[0] = nalType.aggregate | Math.max(...nals.map(nal => (nal[0] as number) & 0x60));
  let at = 1;
  for (const nal of nals) {
    at = bytes.writeUInt16BE(nal.length, at);
    bytes.set(nal, at);
    at += nal.length;
  }
  return bytes;
}

function readAggregate(payload: Uint8Array): H264Payload | null {
  const nals: Uint8Array[] = [];
  for (let at = 1; at < payload.length; ) {
    if (at + 2 > payload.length) return null;
    const end = at + 2 + readUint16(payload, at);
    if (end === at + 2 || end > payload.length) return null;
    const nal = payload.subarray(at + 2, end);
    const type = (nal[0] as number) & 0x1f;
    if (type === 0 || type >= nalType.aggregate) return null;
    nals.push(nal);
    at = end;
  }
  return nals.length === 0 ? null : { kind: 'whole', nals };
}

function readPiece(payload: Uint8Array, first: number): H264Payload | null {
  const second = payload[1];
  if (second === undefined || payload.length < 3) return null;
  const type = second & 0x1f;
  const isFirst = (second & 0x80) !== 0;
  const isLast = (second & 0x40) !== 0;
  // A unit in one piece must not be sent as a piece (section 5.8), nor a packet within a packet.
  if ((isFirst && isLast) || type === 0 || type >= nalType.aggregate) return null;
  return { kind: 'piece', head: (first & 0x60) | type, isFirst, isLast, bytes: payload.subarray(2) };
}
