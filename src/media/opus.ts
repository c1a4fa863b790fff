const rateHertz = 48_000;

/** Whether an Opus packet was coded in stereo: the flag of its table-of-contents byte (RFC 6716, section 3.1). */
export function isOpusStereo(packet: Uint8Array): boolean {
  return ((packet[0] ?? 0) & 0x04) !== 0;
}

/**
 * The identification header (RFC 7845, section 5.1) of sound that is sent live. Nothing is skipped at its beginning:
 * what was on the line before it is of no stream.
 */
export function opusHead(channels: 1 | 2): Buffer {
  const head = Buffer.alloc(19);
  head.write('OpusHead', 'latin1');
  head[8] = 1;
  head[9] = channels;
  head.writeUInt32LE(rateHertz, 12);
  return head;
}
