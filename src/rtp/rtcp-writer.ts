import { feedbackFormat, ntpParts, type ReportBlock, rtcpType, type SenderReport } from './rtcp-packet.ts';

const mostBlocks = 31;

/** A receiver report (RFC 3550, section 6.4.2); the first 31 blocks. */
export function receiverReport(senderSsrc: number, blocks: readonly ReportBlock[]): Buffer {
  const fitting = blocks.slice(0, mostBlocks);
  const bytes = rtcpHead(rtcpType.receiverReport, fitting.length, 8 + 24 * fitting.length, senderSsrc);
  fitting.forEach((block, index) => {
    writeBlock(bytes, 8 + 24 * index, block);
  });
  return bytes;
}

/** A sender report without blocks (RFC 3550, section 6.4.1). */
export function senderReport(report: Omit<SenderReport, 'compactNtp'>): Buffer {
  const bytes = rtcpHead(rtcpType.senderReport, 0, 28, report.ssrc);
  const { seconds, fraction } = ntpParts(report.ntpMicros);
  bytes.writeUInt32BE(seconds, 8);
  bytes.writeUInt32BE(fraction, 12);
  bytes.writeUInt32BE(report.rtpTimestamp >>> 0, 16);
  bytes.writeUInt32BE(report.packetCount >>> 0, 20);
  bytes.writeUInt32BE(report.octetCount >>> 0, 24);
  return bytes;
}

/** A source description with the canonical name alone (RFC 3550, section 6.5); `name`: ASCII, at most 255 bytes. */
export function canonicalName(ssrc: number, name: string): Buffer {
  // At least one zero ends the list of items, and zeros fill the last word.
  const chunkBytes = Math.floor((4 + 2 + name.length) / 4) * 4 + 4;
  const bytes = rtcpHead(rtcpType.sourceDescription, 1, 4 + chunkBytes, ssrc);
  bytes[8] = 1;
  bytes[9] = name.length;
  bytes.write(name, 10, 'latin1');
  return bytes;
}

/** The source is gone (RFC 3550, section 6.6). */
export function goodbye(ssrc: number): Buffer {
  return rtcpHead(rtcpType.bye, 1, 8, ssrc);
}

/** Asks for packets again (RFC 4585, section 6.2.1). `sequences`: 16 bits each, rising on the circle. */
export function negativeAcknowledgement(
  senderSsrc: number,
  mediaSsrc: number,
  sequences: readonly number[],
): Buffer {
  const items: { first: number; following: number }[] = [];
  for (const sequence of sequences) {
    const last = items.at(-1);
    const distance = last === undefined ? 0 : (sequence - last.first) & 0xffff;
    if (last !== undefined && distance >= 1 && distance <= 16) last.following |= 1 << (distance - 1);
    else items.push({ first: sequence, following: 0 });
  }
  const { transportLayerFeedback } = rtcpType;
  const sizeBytes = 12 + 4 * items.length;
  const bytes = feedbackHead(transportLayerFeedback, feedbackFormat.nack, sizeBytes, senderSsrc, mediaSsrc);
  items.forEach(({ first, following }, index) => {
    bytes.writeUInt16BE(first, 12 + 4 * index);
    bytes.writeUInt16BE(following, 14 + 4 * index);
  });
  return bytes;
}

/** Asks for a key frame (RFC 4585, section 6.3.1). */
export function pictureLossIndication(senderSsrc: number, mediaSsrc: number): Buffer {
  const { payloadSpecificFeedback } = rtcpType;
  return feedbackHead(payloadSpecificFeedback, feedbackFormat.pictureLoss, 12, senderSsrc, mediaSsrc);
}

/** The first 12 bytes of any feedback, in a buffer for the whole; `sizeBytes`: a multiple of four. */
export function feedbackHead(
  type: number,
  format: number,
  sizeBytes: number,
  senderSsrc: number,
  mediaSsrc: number,
): Buffer {
  const bytes = rtcpHead(type, format, sizeBytes, senderSsrc);
  bytes.writeUInt32BE(mediaSsrc, 8);
  return bytes;
}

function rtcpHead(type: number, count: number, sizeBytes: number, ssrc: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  bytes[0] = 0x80 | count;
  bytes[1] = type;
  bytes.writeUInt16BE(sizeBytes / 4 - 1, 2);
  bytes.writeUInt32BE(ssrc, 4);
  return bytes;
}

function writeBlock(bytes: Buffer, at: number, block: ReportBlock): void {
  bytes.writeUInt32BE(block.ssrc, at);
  const lost = Math.max(-0x80_0000, Math.min(0x7f_ffff, block.packetsLost));
  bytes.writeUInt32BE(((block.fractionLost << 24) | (lost & 0xff_ffff)) >>> 0, at + 4);
  bytes.writeUInt32BE(block.highestSequence >>> 0, at + 8);
  bytes.writeUInt32BE(Math.round(block.jitterTicks) >>> 0, at + 12);
  bytes.writeUInt32BE(block.lastReport, at + 16);
  bytes.writeUInt32BE(block.delaySinceLastReport >>> 0, at + 20);
}
