import type { Depacketiser, Picture } from './depacketiser.ts';
import { H264Depacketiser } from './h264-depacketiser.ts';
import { KeyFrameWish } from './key-frame-wish.ts';
import type { MediaPacket } from './media-packet.ts';
import type { NegotiatedMedia } from './negotiated-media.ts';
import { ReceiveBuffer } from './receive-buffer.ts';
import type { SenderReport } from './rtcp-packet.ts';
import type { RtpPacket } from './rtp-packet.ts';
import type { MediaTime, SenderClock, SourceClock } from './sender-clock.ts';
import { Vp8Depacketiser } from './vp8-depacketiser.ts';

/** Where a source's media goes. */
export type SourceOutput = {
  /** In order, as soon as it is. */
  readonly packet: (packet: MediaPacket) => void;
  /** It has overtaken others: once they have come, or are given up, it goes to `packet` too. */
  readonly early: (packet: MediaPacket) => void;
  /** From 0 for the smallest, as far as that is known now. */
  readonly layerOf: (source: IncomingSource) => number;
  /** A whole picture, or a packet of sound, at its time on the stream's clock. */
  readonly frame: (source: IncomingSource, picture: Picture, timeMicros: number) => void;
};

const patience = {
  // A picture that waits is a hitch, one that is lost a freeze until the next key frame.
  video: { patienceMillis: 400, firstPatienceMillis: 1_000, longestPatienceMillis: 2_000 },
  // Sound that is late is as bad as sound that is lost.
  audio: { patienceMillis: 150, firstPatienceMillis: 150, longestPatienceMillis: 500 },
} as const;

/** One source (SSRC) of a publisher: its packets in order, at their times, as pictures. */
export class IncomingSource {
  readonly media: NegotiatedMedia;
  readonly ssrc: number;
  /** Among the layers as the offer lists them. */
  readonly layerIndex: number;
  readonly keyFrameWish = new KeyFrameWish();
  readonly buffer: ReceiveBuffer;
  readonly #clocks: SenderClock;
  readonly #clock: SourceClock;
  readonly #depacketiser: Depacketiser | null;
  readonly #output: SourceOutput;
  #nowMillis = 0;
  #timestamp = -1;
  #time: MediaTime = { ticks: 0, timeMicros: 0 };
  #earlierTimeMicros = 0;
  /** When its newest packet came; minus infinity once it has said goodbye. */
  lastPacketMillis = Number.NEGATIVE_INFINITY;
  /** Since when it has come without a pause of a second. */
  steadySinceMillis = 0;
  hasSaidGoodbye = false;
  /** The layer that its newest packet was said to be of; null before the first. */
  #toldLayer: number | null = null;
  /** Packets that were made here and sent before others: numbers are more by as many. */
  #brought = 0;

  constructor(
    media: NegotiatedMedia,
    ssrc: number,
    layerIndex: number,
    clocks: SenderClock,
    output: SourceOutput,
  ) {
    this.media = media;
    this.ssrc = ssrc;
    this.layerIndex = layerIndex;
    this.#output = output;
    this.#clocks = clocks;
    this.#clock = clocks.addSource(media.kind, media.clockHertz);
    this.#depacketiser = depacketiserFor(media, picture => this.#complete(picture));
    const { clockHertz, rtxPayloadType } = media;
    const settings = { clockHertz, hasRepeats: rtxPayloadType !== null, ...patience[media.kind] };
    this.buffer = new ReceiveBuffer(settings, (packet, isAfterLoss, number) =>
      this.#deliver(packet, isAfterLoss, number),
    );
  }

  /** Nothing that comes can be decoded until a key frame does. */
  get needsKeyFrame(): boolean {
    return this.#depacketiser?.needsKeyFrame ?? false;
  }

  /** The size of its pictures, width times height; 0 while not known. */
  get pictureArea(): number {
    return this.#depacketiser?.pictureArea ?? 0;
  }

  /** `isRepeat`: it came as a retransmission. */
  push(packet: RtpPacket, nowMillis: number, isRepeat: boolean): void {
    this.#nowMillis = nowMillis;
    if (nowMillis - this.lastPacketMillis > 1_000) this.steadySinceMillis = nowMillis;
    this.lastPacketMillis = nowMillis;
    this.hasSaidGoodbye = false;
    const number = this.buffer.push(packet, nowMillis, isRepeat);
    if (number !== null) this.#forwardEarly(packet, number);
  }

  /** Lets go of what was waited for too long. */
  tick(nowMillis: number): void {
    this.#nowMillis = nowMillis;
    this.buffer.giveUpLate(nowMillis);
  }

  report(report: SenderReport, nowMillis: number): void {
    this.buffer.noteSenderReport(report.compactNtp, nowMillis);
    this.#clock.report(report);
  }

  sayGoodbye(): void {
    this.hasSaidGoodbye = true;
    this.lastPacketMillis = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    this.#clocks.removeSource(this.#clock);
  }

  #deliver(packet: RtpPacket, isAfterLoss: boolean, number: number): void {
    if (packet.timestamp !== this.#timestamp) {
      this.#earlierTimeMicros = this.#time.timeMicros;
      this.#time = this.#clock.timeOf(packet.timestamp, this.#nowMillis);
      this.#timestamp = packet.timestamp;
    }
    const { isMarked, payload } = packet;
    if (payload.length === 0) {
      this.#forward(number, payload, false, false, isAfterLoss);
      return;
    }
    if (this.#depacketiser === null) {
      this.#forward(number, payload, isMarked, false, isAfterLoss);
      const { timestamp } = packet;
      this.#complete({ isKey: true, timestamp, parts: [payload], sizeBytes: payload.length });
      return;
    }
    const { beginsKeyFrame, before } = this.#depacketiser.push(packet, isAfterLoss);
    if (beginsKeyFrame) this.keyFrameWish.came(this.#nowMillis);
    if (before === null) {
      this.#forward(number, payload, isMarked, beginsKeyFrame, isAfterLoss);
      return;
    }
    // The first time, packets behind this one may have been sent early under the numbers that are taken now.
    this.#forward(number, before, false, beginsKeyFrame, isAfterLoss || this.#brought === 0);
    this.#brought += 1;
    this.#forward(number, payload, isMarked, false, false);
  }

  /** What waits for others need not wait here for those who put packets in order themselves. */
  #forwardEarly({ timestamp, isMarked, payload }: RtpPacket, number: number): void {
    const layer = this.#output.layerOf(this);
    // One that lacks parameter sets gets other numbers when its turn comes.
    if (this.#brought > 0 || this.#toldLayer !== layer) return;
    const time = this.#clock.timeAhead(timestamp);
    if (time === null) return;
    const { kind } = this.media;
    const { ticks, timeMicros } = time;
    const marks = { isMarked, beginsKeyFrame: false, isAfterLoss: false };
    this.#output.early({ kind, number: this.#placeOf(number), ticks, timeMicros, ...marks, layer, payload });
  }

  /** One object a packet, made in one place and so of one shape: this runs for every packet of every publisher. */
  #forward(
    number: number,
    payload: Uint8Array,
    isMarked: boolean,
    beginsKeyFrame: boolean,
    isAfterLoss: boolean,
  ): void {
    const layer = this.#output.layerOf(this);
    // Viewers know a source by its layer: one that turns out to be another layer's does not go on for them.
    const isOther = this.#toldLayer !== null && this.#toldLayer !== layer;
    this.#toldLayer = layer;
    this.#output.packet({
      kind: this.media.kind,
      number: this.#placeOf(number),
      ticks: this.#time.ticks,
      timeMicros: this.#time.timeMicros,
      isMarked,
      beginsKeyFrame,
      isAfterLoss: isAfterLoss || isOther,
      layer,
      payload,
    });
  }

  /** Those of another source are so far away that its packets are not taken for late ones of this one. */
  #placeOf(number: number): number {
    return this.ssrc * 2 ** 20 + number + this.#brought;
  }

  #complete(picture: Picture): void {
    // A picture without a marker is complete when the next one begins: then the time is that one's already.
    const isNewest = picture.timestamp === this.#timestamp;
    this.#output.frame(this, picture, isNewest ? this.#time.timeMicros : this.#earlierTimeMicros);
  }
}

function depacketiserFor(media: NegotiatedMedia, complete: (picture: Picture) => void): Depacketiser | null {
  if (media.codec === 'H264') return new H264Depacketiser(complete);
  return media.codec === 'VP8' ? new Vp8Depacketiser(complete) : null;
}
