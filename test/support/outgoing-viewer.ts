import type { MediaPacket } from '../../src/rtp/media-packet.ts';
import type { NegotiatedMedia, RtpCodec } from '../../src/rtp/negotiated-media.ts';
import { OutgoingMedia } from '../../src/rtp/outgoing-media.ts';
import { isRtcp, type RtcpPacket, readRtcp } from '../../src/rtp/rtcp-packet.ts';
import { type RtpPacket, readRtpPacket } from '../../src/rtp/rtp-packet.ts';

/** A viewer of `OutgoingMedia` that keeps all it is sent. */
export class OutgoingViewer {
  readonly media: OutgoingMedia;
  readonly video: RtpPacket[] = [];
  readonly repairs: RtpPacket[] = [];
  readonly audio: RtpPacket[] = [];
  readonly reports: RtcpPacket[] = [];
  keyFramesWanted = 0;
  wantedLayer: number | undefined;

  constructor(agreed: readonly NegotiatedMedia[] = [agreedVideo('H264'), agreedAudio]) {
    this.media = new OutgoingMedia(agreed, {
      send: bytes => this.#take(Buffer.from(bytes)),
      keyFrameWanted: layer => {
        this.keyFramesWanted += 1;
        this.wantedLayer = layer;
      },
    });
  }

  get videoSsrc(): number {
    return this.media.sources.find(({ mid }) => mid === 'v')?.ssrc as number;
  }

  get audioSsrc(): number {
    return this.media.sources.find(({ mid }) => mid === 'a')?.ssrc as number;
  }

  #take(bytes: Buffer): void {
    if (isRtcp(bytes)) {
      this.reports.push(...readRtcp(bytes));
      return;
    }
    const packet = readRtpPacket(bytes);
    if (packet === null) throw new Error('a viewer was sent what is no RTP');
    if (packet.ssrc === this.audioSsrc) this.audio.push(packet);
    else if (packet.ssrc === this.videoSsrc) this.video.push(packet);
    else this.repairs.push(packet);
  }
}

const noExtensions = { mid: null, streamId: null, repairedStreamId: null, transportSequence: null };

/** Pictures as a browser agrees on them, with retransmissions. */
export function agreedVideo(codec: RtpCodec, rtxPayloadType: number | null = 109): NegotiatedMedia {
  return {
    kind: 'video',
    mid: 'v',
    codec,
    clockHertz: 90_000,
    payloadType: 108,
    rtxPayloadType,
    extensions: noExtensions,
    streamIds: [],
    sources: [],
  };
}

/** Sound as a browser agrees on it. */
export const agreedAudio: NegotiatedMedia = {
  kind: 'audio',
  mid: 'a',
  codec: 'opus',
  clockHertz: 48_000,
  payloadType: 111,
  rtxPayloadType: null,
  extensions: noExtensions,
  streamIds: [],
  sources: [],
};

/** How many packets there are of each kind and layer. */
const made = new Map<string, number>();

/** The next one of its kind and layer. */
function nextNumber(kind: string, layer: number): number {
  const number = (made.get(`${kind} ${layer}`) ?? 0) + 1;
  made.set(`${kind} ${layer}`, number);
  return number;
}

/** A packet of pictures at `millis` of the stream's clock: a whole picture unless told otherwise. */
export function picture(millis: number, given: Partial<MediaPacket> = {}): MediaPacket {
  return {
    kind: 'video',
    number: given.number ?? nextNumber('video', given.layer ?? 0),
    ticks: millis * 90,
    timeMicros: millis * 1_000,
    isMarked: true,
    beginsKeyFrame: false,
    isAfterLoss: false,
    layer: 0,
    payload: Buffer.from([0x61, 1, 2, 3]),
    ...given,
  };
}

/** A packet of sound at `millis` of the stream's clock. */
export function sound(millis: number, given: Partial<MediaPacket> = {}): MediaPacket {
  return {
    ...picture(millis, { number: given.number ?? nextNumber('audio', 0) }),
    kind: 'audio',
    ticks: millis * 48,
    isMarked: false,
    payload: Buffer.from([0xfc, 0xff]),
    ...given,
  };
}
