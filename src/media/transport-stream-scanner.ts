import {
  type AudioCodec,
  type ContainerScanner,
  type ContainerVisitor,
  isClockJump,
  type VideoCodec,
} from './container.ts';

const packetBytes = 188;

/**
 * Follows an MPEG transport stream (ISO 13818-1): programme tables, the first video and audio stream, pictures.
 * It has no header of its own: a decoder may start at any programme association table, so those are the points.
 */
export class TransportStreamScanner implements ContainerScanner {
  readonly #visitor: ContainerVisitor;
  #unread: Buffer = Buffer.alloc(0);
  #offset: number;
  #isStarted = false;
  #isLost = false;
  #programMapPid = -1;
  #videoPid = -1;
  #audioPid = -1;
  #areTracksKnown = false;
  #tableOffset = -1;
  #newestMicros = Number.NEGATIVE_INFINITY;

  /** `offset`: where in the journal the first pushed byte stands. */
  constructor(visitor: ContainerVisitor, offset: number) {
    this.#visitor = visitor;
    this.#offset = offset;
  }

  get scannedOffset(): number {
    return this.#offset;
  }

  push(bytes: Buffer): void {
    let data = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#visitor.streamStarted(this.#offset);
    }
    while (data.length >= packetBytes) {
      const taken = data[0] === 0x47 ? this.#packet(data) : this.#findWayBack(data);
      this.#offset += taken;
      data = data.subarray(taken);
    }
    this.#unread = Buffer.from(data);
  }

  #packet(data: Buffer): number {
    this.#isLost = false;
    const packet = data.subarray(0, packetBytes);
    const isStart = ((packet[1] as number) & 0x40) !== 0;
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const control = (packet[3] as number) >> 4;
    const adaptationBytes = control & 2 ? 1 + (packet[4] as number) : 0;
    const isRandomAccess = (control & 2) !== 0 && adaptationBytes > 1 && ((packet[5] as number) & 0x40) !== 0;
    const payload =
      control & 1
        ? packet.subarray(Math.min(packetBytes, 4 + adaptationBytes))
        : packet.subarray(packetBytes);
    if (!isStart || payload.length < 14) return packetBytes;
    if (pid === 0) this.#readAssociation(payload);
    else if (pid === this.#programMapPid) this.#readProgramMap(payload);
    else if (pid === this.#videoPid || (pid === this.#audioPid && this.#videoPid < 0))
      this.#readPes(payload, pid, isRandomAccess);
    return packetBytes;
  }

  #findWayBack(data: Buffer): number {
    if (!this.#isLost) this.#visitor.damaged(this.#offset);
    this.#isLost = true;
    const next = data.indexOf(0x47, 1);
    return next < 0 ? data.length : next;
  }

  #readAssociation(payload: Buffer): void {
    const section = payload.subarray(1 + (payload[0] as number));
    if (section.length < 12 || section[0] !== 0) return;
    // Programme 0 is no programme, it names the network's table.
    const at = section.readUInt16BE(8) === 0 && section.length >= 16 ? 12 : 8;
    this.#tableOffset = this.#offset;
    this.#programMapPid = section.readUInt16BE(at + 2) & 0x1fff;
  }

  #readProgramMap(payload: Buffer): void {
    if (this.#areTracksKnown) return;
    const section = payload.subarray(1 + (payload[0] as number));
    if (section.length < 12 || section[0] !== 2) return;
    const end = Math.min(section.length, 3 + (section.readUInt16BE(1) & 0xfff) - 4);
    let position = 12 + (section.readUInt16BE(10) & 0xfff);
    let video: VideoCodec | null = null;
    let audio: AudioCodec | null = null;
    while (position + 5 <= end) {
      const type = section[position] as number;
      const pid = section.readUInt16BE(position + 1) & 0x1fff;
      if (video === null && videoTypes[type] !== undefined) {
        video = videoTypes[type];
        this.#videoPid = pid;
      } else if (audio === null && audioTypes[type] !== undefined) {
        audio = audioTypes[type];
        this.#audioPid = pid;
      }
      position += 5 + (section.readUInt16BE(position + 3) & 0xfff);
    }
    this.#areTracksKnown = true;
    this.#visitor.tracksFound(
      {
        video: video === null ? null : { codec: video, width: 0, height: 0 },
        audio: audio === null ? null : { codec: audio, channels: 0 },
      },
      this.#tableOffset,
    );
  }

  #readPes(payload: Buffer, pid: number, isRandomAccess: boolean): void {
    if (payload.readUIntBE(0, 3) !== 1) return;
    const isVideo = pid === this.#videoPid;
    if (((payload[7] as number) & 0x80) !== 0)
      this.#placePoint(readTimestampMicros(payload), isRandomAccess || !isVideo);
    if (isVideo) this.#visitor.videoFrames(1);
  }

  #placePoint(timeMicros: number, isKey: boolean): void {
    if (this.#tableOffset < 0) return;
    if (isClockJump(this.#newestMicros, timeMicros)) this.#visitor.clockJumped(this.#tableOffset);
    this.#newestMicros = timeMicros;
    this.#visitor.safePoint(this.#tableOffset, timeMicros, isKey);
    // One point a table: the next picture after the same table is not where a decoder would start.
    this.#tableOffset = -1;
  }
}

const videoTypes: Record<number, VideoCodec> = {
  0x01: 'other',
  0x02: 'other',
  0x10: 'other',
  0x1b: 'h264',
  0x24: 'hevc',
};
const audioTypes: Record<number, AudioCodec> = {
  0x03: 'mp3',
  0x04: 'mp3',
  0x0f: 'aac',
  0x11: 'aac',
  0x06: 'other',
  0x81: 'other',
};

/** The presentation time of a PES header in microseconds (ISO 13818-1, section 2.4.3.7: 33 bits at 90 kHz). */
function readTimestampMicros(pes: Buffer): number {
  const ticks =
    (((pes[9] as number) >> 1) & 7) * 2 ** 30 +
    (pes.readUInt16BE(10) >> 1) * 2 ** 15 +
    (pes.readUInt16BE(12) >> 1);
  return (ticks * 100) / 9;
}
