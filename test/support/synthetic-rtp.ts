import { rtpPacket } from '../../src/rtp/rtp-packet.ts';

const payloadBytes = 1_100;

/** RTP of a made-up publisher: VP8 pictures that hold numbers, and packets of Opus that hold nothing; 30 and 50 a second. */
export class SyntheticMedia {
  readonly #videoSsrc: number;
  readonly #audioSsrc: number;
  #videoSequence = 0;
  #pictures = 0;
  #sounds = 0;

  constructor(videoSsrc: number, audioSsrc: number) {
    this.#videoSsrc = videoSsrc;
    this.#audioSsrc = audioSsrc;
  }

  /** The packets of the next picture, which is one of 640 × 480 of about `sizeBytes`. */
  picture(isKey: boolean, sizeBytes = 400): Buffer[] {
    const count = Math.ceil(sizeBytes / payloadBytes);
    const timestamp = (this.#pictures * 3_000) >>> 0;
    this.#pictures += 1;
    return Array.from({ length: count }, (_, index) => {
      const payload = Buffer.alloc(Math.ceil(sizeBytes / count));
      // The descriptor (RFC 7741, section 4.2): does a partition begin here?
      payload[0] = index === 0 ? 0x10 : 0;
      if (index === 0) vp8Head(payload, isKey);
      const isMarked = index === count - 1;
      this.#videoSequence = (this.#videoSequence + 1) & 0xffff;
      const fields = { isMarked, payloadType: 96, sequence: this.#videoSequence, timestamp };
      return rtpPacket({ ...fields, ssrc: this.#videoSsrc }, payload);
    });
  }

  /** The next 20 ms of sound. */
  sound(): Buffer {
    const sequence = this.#sounds & 0xffff;
    const timestamp = (this.#sounds * 960) >>> 0;
    this.#sounds += 1;
    const fields = { isMarked: false, payloadType: 111, sequence, timestamp, ssrc: this.#audioSsrc };
    return rtpPacket(fields, Buffer.from([0xfc, 0xff, 0xfe]));
  }
}

/** The beginning of a VP8 frame (RFC 6386, section 9.1) behind a descriptor of one byte. */
function vp8Head(payload: Buffer, isKey: boolean): void {
  payload[1] = isKey ? 0x10 : 0x11;
  if (!isKey) return;
  payload.set([0x9d, 0x01, 0x2a], 4);
  payload.writeUInt16LE(640, 7);
  payload.writeUInt16LE(480, 9);
}
