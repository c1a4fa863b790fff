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

/** How long the sound of a packet is, in microseconds (RFC 6716, sections 3.1 and 3.2); 0 of an empty one. */
export function opusMicros(packet: Uint8Array): number {
  const [head, counts = 0] = packet;
  if (head === undefined) return 0;
  const config = head >> 3;
  const code = head & 3;
  const frames = code === 0 ? 1 : code === 3 ? counts & 0x3f : 2;
  return frames * frameMicros(config);
}

/**
 * Packets of silence that are together as long as `micros`, to 2.5 ms, each 20 ms at most: for packets that never came.
 * `like`: a packet of the stream, whose channels they have.
 */
export function opusSilence(
  micros: number,
  like: Uint8Array,
): { readonly bytes: Buffer; readonly micros: number }[] {
  const packets: { bytes: Buffer; micros: number }[] = [];
  let leftMicros = micros;
  // CELT at full band, whose configurations 28 to 31 are frames of 2.5 to 20 ms; the first bit of the frame says silence.
  for (let config = 31; config >= 28; config -= 1) {
    const bytes = Buffer.from([(config << 3) | (isOpusStereo(like) ? 4 : 0), 0xff, 0xfe]);
    for (const length = frameMicros(config); leftMicros >= length; leftMicros -= length) {
      packets.push({ bytes, micros: length });
    }
  }
  return packets;
}

function frameMicros(config: number): number {
  if (config >= 16) return 2_500 * 2 ** (config & 3);
  if (config >= 12) return 10_000 * (1 + (config & 1));
  return [10_000, 20_000, 40_000, 60_000][config & 3] as number;
}
