/** The fields of an RTP header that are chosen anew for every packet (RFC 3550, section 5.1). */
export type RtpFields = {
  readonly isMarked: boolean;
  /** 0 to 127. */
  readonly payloadType: number;
  /** 16 bits; wraps. */
  readonly sequence: number;
  /** 32 bits, in ticks of the codec's clock; wraps. */
  readonly timestamp: number;
  /** 32 bits: whose packet it is. */
  readonly ssrc: number;
};

/** A packet as it was read. Its parts are views into the bytes that were given, no copies. */
export type RtpPacket = RtpFields & {
  /** What the codec sent; empty in packets that only probe the bandwidth. */
  readonly payload: Uint8Array;
  readonly extensions: RtpExtensions | null;
};

/** The header extensions of a packet, still packed: most packets are asked for one or two of them only. */
export type RtpExtensions = {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Ids and lengths share a byte, or have one each (RFC 8285, sections 4.2 and 4.3). */
  readonly headBytes: 1 | 2;
};

/** The length of a header without contributing sources and extensions. */
export const rtpHeaderBytes = 12;

const oneByteProfile = 0xbede;
const twoByteProfile = 0x1000;

/** Reads one RTP packet (RFC 3550, section 5.1; extensions: RFC 8285); null for what is none. Never throws. */
export function readRtpPacket(bytes: Uint8Array): RtpPacket | null {
  if (bytes.length < rtpHeaderBytes) return null;
  const first = bytes[0] as number;
  if (first >> 6 !== 2) return null;
  let start = rtpHeaderBytes + 4 * (first & 0x0f);
  let extensions: RtpExtensions | null = null;
  if ((first & 0x10) !== 0) {
    if (start + 4 > bytes.length) return null;
    const end = start + 4 + 4 * readUint16(bytes, start + 2);
    if (end > bytes.length) return null;
    extensions = packedExtensions(bytes, start, end);
    start = end;
  }
  const paddingBytes = (first & 0x20) === 0 ? 0 : (bytes[bytes.length - 1] as number);
  const end = bytes.length - paddingBytes;
  // A packet that says it is padded counts at least the byte that says so.
  if (start > end || ((first & 0x20) !== 0 && paddingBytes === 0)) return null;
  const second = bytes[1] as number;
  return {
    isMarked: second >= 0x80,
    payloadType: second & 0x7f,
    sequence: readUint16(bytes, 2),
    timestamp: readUint32(bytes, 4),
    ssrc: readUint32(bytes, 8),
    payload: bytes.subarray(start, end),
    extensions,
  };
}

/** The value of the extension `id` in a packet: a view; null where it is not, or `id` is null. */
export function extensionOf({ extensions }: RtpPacket, id: number | null): Uint8Array | null {
  if (extensions === null || id === null) return null;
  const place = extensionPlace(extensions, id);
  if (place === notThere) return null;
  const start = place >>> 8;
  return extensions.bytes.subarray(start, start + (place & 0xff));
}

/** The same of an extension that is a number of 16 bits; null also where it has another length. */
export function extensionUint16({ extensions }: RtpPacket, id: number | null): number | null {
  if (extensions === null || id === null) return null;
  // Asked of every packet: a view would be one more object for each.
  const place = extensionPlace(extensions, id);
  return place !== notThere && (place & 0xff) === 2 ? readUint16(extensions.bytes, place >>> 8) : null;
}

const notThere = -1;

/** Where the value begins, times 256, and its length; or `notThere`. */
function extensionPlace(extensions: RtpExtensions, id: number): number {
  const { bytes, end, headBytes } = extensions;
  for (let at = extensions.start; at < end; ) {
    const head = bytes[at] as number;
    // A zero is padding, between elements too.
    if (head === 0) {
      at += 1;
      continue;
    }
    const foundId = headBytes === 1 ? head >> 4 : head;
    // 15 in the one-byte form ends the list: what follows may be anything (RFC 8285, section 4.2).
    if (headBytes === 1 && foundId === 15) return notThere;
    const valueStart = at + headBytes;
    const sizeBytes = headBytes === 1 ? (head & 0x0f) + 1 : (bytes[at + 1] as number);
    if (valueStart > end || valueStart + sizeBytes > end) return notThere;
    if (foundId === id) return valueStart * 256 + sizeBytes;
    at = valueStart + sizeBytes;
  }
  return notThere;
}

/** Writes the 12 bytes of a header without extensions at the beginning of `target`. */
export function writeRtpHeader(target: Uint8Array, fields: RtpFields): void {
  target[0] = 0x80;
  target[1] = (fields.isMarked ? 0x80 : 0) | fields.payloadType;
  target[2] = fields.sequence >> 8;
  target[3] = fields.sequence;
  writeUint32(target, 4, fields.timestamp);
  writeUint32(target, 8, fields.ssrc);
}

/**
 * A whole packet. `extensions`: ids 1 to 14 with 1 to 16 bytes each, in the one-byte form (RFC 8285, section 4.2).
 * Who sends many packets writes headers into memory of its own with `writeRtpHeader`.
 */
export function rtpPacket(
  fields: RtpFields,
  payload: Uint8Array,
  extensions: readonly { readonly id: number; readonly value: Uint8Array }[] = [],
): Buffer {
  const elementBytes = extensions.reduce((sum, { value }) => sum + 1 + value.length, 0);
  const words = Math.ceil(elementBytes / 4);
  const headerBytes = rtpHeaderBytes + (words === 0 ? 0 : 4 + 4 * words);
  const bytes = Buffer.alloc(headerBytes + payload.length);
  writeRtpHeader(bytes, fields);
  if (words > 0) {
    bytes[0] = 0x90;
    bytes.writeUInt16BE(oneByteProfile, rtpHeaderBytes);
    bytes.writeUInt16BE(words, rtpHeaderBytes + 2);
    let at = rtpHeaderBytes + 4;
    for (const { id, value } of extensions) {
      bytes[at] = (id << 4) | (value.length - 1);
      bytes.set(value, at + 1);
      at += 1 + value.length;
    }
  }
  bytes.set(payload, headerBytes);
  return bytes;
}

/** How far `to` is ahead of `from` on a 16-bit circle: -32,768 to 32,767. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** How far `to` is ahead of `from` on a 32-bit circle, in ticks. */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** Two bytes, high one first. A `DataView` a packet costs more than the packet's other work. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Four bytes, high one first, not negative. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
}

/** Four bytes, high one first. */
export function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

function packedExtensions(bytes: Uint8Array, start: number, end: number): RtpExtensions | null {
  const profile = readUint16(bytes, start);
  if (profile === oneByteProfile) return { bytes, start: start + 4, end, headBytes: 1 };
  // The low four bits are the application's.
  if ((profile & 0xfff0) === twoByteProfile) return { bytes, start: start + 4, end, headBytes: 2 };
  return null;
}
