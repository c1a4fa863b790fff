import { readUint16, readUint32 } from './rtp-packet.ts';

/** What a receiver says of one source (RFC 3550, section 6.4.1). */
export type ReportBlock = {
  readonly ssrc: number;
  /** Of the packets expected since the last report: 0 to 255 of 256 parts. */
  readonly fractionLost: number;
  /** Since the beginning; negative when more came than were sent, by duplicates. */
  readonly packetsLost: number;
  /** The highest sequence number, with its wraps in the upper 16 bits. */
  readonly highestSequence: number;
  /** In ticks of the source's clock. */
  readonly jitterTicks: number;
  /** The `compactNtp` of the last sender report; 0 when none came. */
  readonly lastReport: number;
  /** Since that report came: 65,536 a second. */
  readonly delaySinceLastReport: number;
};

/** When a sender says which moment of the world's clock its RTP clock stands at (RFC 3550, section 6.4.1). */
export type SenderReport = {
  readonly ssrc: number;
  /** The sender's wall clock in microseconds, on NTP's scale; comparable between sources of one sender only. */
  readonly ntpMicros: number;
  /** The middle 32 bits of the time as it was sent: what a receiver gives back in `ReportBlock.lastReport`. */
  readonly compactNtp: number;
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  readonly octetCount: number;
};

/** What livereel understands of RTCP; the rest is skipped. */
export type RtcpPacket =
  | ({ readonly type: 'sender-report'; readonly blocks: readonly ReportBlock[] } & SenderReport)
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly blocks: readonly ReportBlock[] }
  | { readonly type: 'bye'; readonly ssrcs: readonly number[] }
  /** Generic NACK (RFC 4585, section 6.2.1): packets of `ssrc` that did not come. */
  | { readonly type: 'nack'; readonly ssrc: number; readonly sequences: readonly number[] }
  /** Picture loss indication (RFC 4585, section 6.3.1). */
  | { readonly type: 'picture-loss'; readonly ssrc: number }
  /** Full intra request (RFC 5104, section 4.3.1). Repeats carry the same number. */
  | {
      readonly type: 'full-intra-request';
      readonly requests: readonly { readonly ssrc: number; readonly number: number }[];
    }
  /** Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03). */
  | {
      readonly type: 'bitrate-estimate';
      readonly bitrateBitsPerSecond: number;
      readonly ssrcs: readonly number[];
    }
  /** Transport-wide feedback, for `readTransportFeedback`: the whole packet. */
  | { readonly type: 'transport-feedback'; readonly bytes: Uint8Array };

/** RTCP's packet types (RFC 3550, section 12.1; RFC 4585, section 6.1). */
export const rtcpType = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  transportLayerFeedback: 205,
  payloadSpecificFeedback: 206,
} as const;

/** The kinds of feedback within a type: the five bits that are a count elsewhere. */
export const feedbackFormat = {
  nack: 1,
  transportFeedback: 15,
  pictureLoss: 1,
  fullIntraRequest: 4,
  applicationLayer: 15,
} as const;

const remb = 0x52454d42; // "REMB"
// An honest compound packet fits into 1,500 bytes; these bound what a forged one can make of 64 KiB.
const mostPackets = 64;
const mostSequences = 2_048;

/** Whether bytes on a port that carries both are RTCP rather than RTP (RFC 5761, section 4). */
export function isRtcp(bytes: Uint8Array): boolean {
  const type = bytes[1];
  return type !== undefined && type >= 192 && type <= 223;
}

/** Reads a compound packet, full or reduced in size (RFC 5506), up to the first malformed part. Never throws. */
export function readRtcp(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let start = 0;
  for (let count = 0; count < mostPackets && start + 4 <= bytes.length; count += 1) {
    const first = bytes[start] as number;
    const end = start + 4 + 4 * readUint16(bytes, start + 2);
    if (first >> 6 !== 2 || end > bytes.length) break;
    const padding = (first & 0x20) === 0 ? 0 : (bytes[end - 1] as number);
    const one = bytes.subarray(start, end);
    const packet = end - padding < start + 4 ? null : readOne(one, one.subarray(0, one.length - padding));
    if (packet !== null) packets.push(packet);
    start = end;
  }
  return packets;
}

/** The middle 32 bits of an NTP time, as `rtcp-writer.ts` writes it: what comes back as `ReportBlock.lastReport`. */
export function compactNtp(ntpMicros: number): number {
  const { seconds, fraction } = ntpParts(ntpMicros);
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}

/** An NTP time as the two 32-bit numbers that stand for it on the wire. */
export function ntpParts(ntpMicros: number): { seconds: number; fraction: number } {
  const seconds = Math.floor(ntpMicros / 1e6);
  return { seconds: seconds >>> 0, fraction: Math.floor(((ntpMicros - seconds * 1e6) / 1e6) * 2 ** 32) };
}

/** `whole`: with padding, which only transport feedback needs to see. */
function readOne(whole: Uint8Array, bytes: Uint8Array): RtcpPacket | null {
  const count = (bytes[0] as number) & 0x1f;
  switch (bytes[1]) {
    case rtcpType.senderReport:
      return bytes.length < 28 ? null : readSenderReport(bytes, count);
    case rtcpType.receiverReport:
      if (bytes.length < 8) return null;
      return { type: 'receiver-report', ssrc: readUint32(bytes, 4), blocks: readBlocks(bytes, 8, count) };
    case rtcpType.bye:
      return { type: 'bye', ssrcs: readSsrcs(bytes, 4, count) };
    case rtcpType.transportLayerFeedback:
      if (bytes.length < 12) return null;
      if (count === feedbackFormat.nack) return readNack(bytes);
      return count === feedbackFormat.transportFeedback ? { type: 'transport-feedback', bytes: whole } : null;
    case rtcpType.payloadSpecificFeedback:
      return bytes.length < 12 ? null : readPayloadFeedback(bytes, count);
    default:
      return null;
  }
}

function readSenderReport(bytes: Uint8Array, count: number): RtcpPacket {
  const seconds = readUint32(bytes, 8);
  const fraction = readUint32(bytes, 12);
  return {
    type: 'sender-report',
    ssrc: readUint32(bytes, 4),
    ntpMicros: seconds * 1e6 + Math.round((fraction / 2 ** 32) * 1e6),
    compactNtp: ((seconds << 16) | (fraction >>> 16)) >>> 0,
    rtpTimestamp: readUint32(bytes, 16),
    packetCount: readUint32(bytes, 20),
    octetCount: readUint32(bytes, 24),
    blocks: readBlocks(bytes, 28, count),
  };
}

function readBlocks(bytes: Uint8Array, start: number, count: number): ReportBlock[] {
  const blocks: ReportBlock[] = [];
  for (let at = start; blocks.length < count && at + 24 <= bytes.length; at += 24) {
    const lost = readUint32(bytes, at + 4);
    blocks.push({
      ssrc: readUint32(bytes, at),
      fractionLost: lost >>> 24,
      // 24 bits with a sign.
      packetsLost: (lost << 8) >> 8,
      highestSequence: readUint32(bytes, at + 8),
      jitterTicks: readUint32(bytes, at + 12),
      lastReport: readUint32(bytes, at + 16),
      delaySinceLastReport: readUint32(bytes, at + 20),
    });
  }
  return blocks;
}

function readNack(bytes: Uint8Array): RtcpPacket {
  const sequences: number[] = [];
  for (let at = 12; at + 4 <= bytes.length && sequences.length < mostSequences; at += 4) {
    const first = readUint16(bytes, at);
    sequences.push(first);
    const following = readUint16(bytes, at + 2);
    for (let bit = 0; bit < 16; bit += 1) {
      if (((following >> bit) & 1) === 1) sequences.push((first + bit + 1) & 0xffff);
    }
  }
  return { type: 'nack', ssrc: readUint32(bytes, 8), sequences };
}

function readPayloadFeedback(bytes: Uint8Array, format: number): RtcpPacket | null {
  if (format === feedbackFormat.pictureLoss) return { type: 'picture-loss', ssrc: readUint32(bytes, 8) };
  if (format === feedbackFormat.fullIntraRequest) {
    const requests: { ssrc: number; number: number }[] = [];
    for (let at = 12; at + 8 <= bytes.length && requests.length < 32; at += 8) {
      requests.push({ ssrc: readUint32(bytes, at), number: bytes[at + 4] as number });
    }
    return { type: 'full-intra-request', requests };
  }
  if (format !== feedbackFormat.applicationLayer || bytes.length < 20) return null;
  if (readUint32(bytes, 12) !== remb) return null;
  const exponent = (bytes[17] as number) >> 2;
  const mantissa = (((bytes[17] as number) & 3) << 16) | readUint16(bytes, 18);
  return {
    type: 'bitrate-estimate',
    bitrateBitsPerSecond: mantissa * 2 ** exponent,
    ssrcs: readSsrcs(bytes, 20, bytes[16] as number),
  };
}

function readSsrcs(bytes: Uint8Array, start: number, count: number): number[] {
  const ssrcs: number[] = [];
  for (let at = start; ssrcs.length < count && at + 4 <= bytes.length; at += 4)
    ssrcs.push(readUint32(bytes, at));
  return ssrcs;
}
