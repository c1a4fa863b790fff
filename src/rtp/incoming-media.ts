import type { Picture } from './depacketiser.ts';
import { IncomingSource, type SourceOutput } from './incoming-source.ts';
import type { GatheredFrame } from './media-frame.ts';
import type { MediaPacket } from './media-packet.ts';
import type { NegotiatedMedia } from './negotiated-media.ts';
import { RecordedLayer } from './recorded-layer.ts';
import { isRtcp, readRtcp } from './rtcp-packet.ts';
import { negativeAcknowledgement, pictureLossIndication, receiverReport } from './rtcp-writer.ts';
import { extensionUint16, type RtpPacket, readRtpPacket } from './rtp-packet.ts';
import { SenderClock } from './sender-clock.ts';
import { SourceTable } from './source-table.ts';
import { TransportFeedbackWriter } from './transport-feedback.ts';

/** Where a publisher's media goes, and what is said back to it. Called within `receive`, `tick` and `requestKeyFrame`. */
export type IncomingOutput = {
  /** For viewers: in order within its layer, at once. */
  packet(packet: MediaPacket): void;
  /** For viewers who put packets in order themselves: it has overtaken others, and goes to `packet` in its turn. */
  early(packet: MediaPacket): void;
  /** For the journal: whole, of the best layer that comes; times rise within each kind. */
  frame(frame: GatheredFrame): void;
  /** RTCP for the publisher. */
  send(rtcp: Uint8Array): void;
};

/** What one source has brought so far. */
export type SourceStatistics = {
  readonly kind: 'video' | 'audio';
  readonly ssrc: number;
  readonly layer: number;
  readonly isRecorded: boolean;
  readonly packets: number;
  readonly bytes: number;
  readonly recovered: number;
  readonly lost: number;
  readonly useless: number;
  readonly roundTripMillis: number;
};

// Chromium, too, calls a receiver that sends nothing source 1.
const ownSsrc = 1;
// As often as Chromium expects it at these rates (it tells senders every 50 to 250 ms itself); each costs a system call, and a
// wake-up of the library's own thread.
const feedbackEveryMillis = 100;
const reportEveryMillis = 1_000;

/**
 * What comes from one publisher: any RTP and RTCP bytes in, media in order and whole pictures out. It asks again for
 * what is lost (RFC 4585, repaired by RFC 4588), tells the sender what came when, so that it finds its bandwidth, and
 * asks for key frames. Owns no timer: `tick` is called every 25 ms or so. Nothing that comes makes it throw, and what
 * it keeps is bounded: a second of packets a layer.
 */
export class IncomingMedia {
  readonly #out: IncomingOutput;
  readonly #keyFrameIntervalMillis: number;
  readonly #clocks = new SenderClock();
  readonly #sources: SourceTable;
  readonly #feedback = new TransportFeedbackWriter(ownSsrc);
  readonly #recorded = new RecordedLayer();
  #nowMillis = 0;
  #feedbackMillis = 0;
  #reportMillis = 0;
  #newestSsrc = 0;
  readonly #frameMicros = { video: Number.NEGATIVE_INFINITY, audio: Number.NEGATIVE_INFINITY };

  /** `keyFrameIntervalMillis`: how old the newest key frame of what is recorded becomes before one is asked for. */
  constructor(
    media: readonly NegotiatedMedia[],
    out: IncomingOutput,
    { keyFrameIntervalMillis = 2_000 }: { readonly keyFrameIntervalMillis?: number } = {},
  ) {
    this.#out = out;
    this.#keyFrameIntervalMillis = keyFrameIntervalMillis;
    const output: SourceOutput = {
      packet: packet => out.packet(packet),
      early: packet => out.early(packet),
      layerOf: source => this.#recorded.layerOf(source),
      frame: (source, picture, timeMicros) => this.#frame(source, picture, timeMicros),
    };
    this.#sources = new SourceTable(
      media,
      (one, ssrc, layerIndex) => new IncomingSource(one, ssrc, layerIndex, this.#clocks, output),
    );
  }

  /** Takes one datagram of the publisher's, decrypted. It keeps views into it until its pictures are whole. */
  receive(bytes: Uint8Array, nowMillis: number): void {
    this.#nowMillis = nowMillis;
    if (isRtcp(bytes)) {
      this.#receiveRtcp(bytes);
      return;
    }
    const packet = readRtpPacket(bytes);
    if (packet !== null) this.#receiveRtp(packet);
  }

  /** Does what is due: gives up, asks again, reports. `nowMillis` never goes back. */
  tick(nowMillis: number): void {
    this.#nowMillis = nowMillis;
    for (const source of this.#sources) {
      source.tick(nowMillis);
      this.#askAgain(source);
    }
    this.#recorded.leaveSilent(this.#sources, nowMillis);
    this.#wishForKeyFrames();
    if (nowMillis - this.#feedbackMillis >= feedbackEveryMillis) {
      this.#feedbackMillis = nowMillis;
      for (const packet of this.#feedback.take(this.#newestSsrc)) this.#out.send(packet);
    }
    if (nowMillis - this.#reportMillis >= reportEveryMillis) {
      this.#reportMillis = nowMillis;
      this.#report();
    }
  }

  /** A viewer needs a key frame: asked for at once, or as soon as it may be; of one layer, or of all that come. */
  requestKeyFrame(layer?: number): void {
    for (const source of this.#sources) {
      if (source.media.kind !== 'video') continue;
      if (layer === undefined || this.#recorded.layerOf(source) === layer) source.keyFrameWish.want();
      this.#askForKeyFrame(source);
    }
  }

  /** For logs and metrics; a new list each time. */
  statistics(): SourceStatistics[] {
    return [...this.#sources].map(source => ({
      kind: source.media.kind,
      ssrc: source.ssrc,
      layer: this.#recorded.layerOf(source),
      isRecorded: source.media.kind === 'audio' || this.#recorded.source === source,
      ...source.buffer.counters,
      roundTripMillis: Math.round(source.buffer.roundTripMillis),
    }));
  }

  #receiveRtp(packet: RtpPacket): void {
    const media = this.#sources.mediaOf(packet);
    if (media === null) return;
    const sequence = extensionUint16(packet, media.extensions.transportSequence);
    if (sequence !== null) this.#feedback.note(sequence, this.#nowMillis);
    this.#newestSsrc = packet.ssrc;
    const found = this.#sources.find(media, packet, this.#nowMillis);
    if (found === null) return;
    found.source.push(found.packet, this.#nowMillis, found.isRepeat);
    this.#askAgain(found.source);
    if (found.source.media.kind === 'video') this.#wishFor(found.source);
  }

  #receiveRtcp(bytes: Uint8Array): void {
    for (const packet of readRtcp(bytes)) {
      if (packet.type === 'sender-report') this.#sources.report(packet, this.#nowMillis);
      if (packet.type === 'bye') for (const ssrc of packet.ssrcs) this.#sources.bySsrc(ssrc)?.sayGoodbye();
    }
  }

  #frame(source: IncomingSource, { isKey, parts, sizeBytes }: Picture, timeMicros: number): void {
    const { kind, codec } = source.media;
    if (kind === 'video' && !this.#recorded.takes(source, isKey, this.#sources, this.#nowMillis)) return;
    // Layers agree on the time to a few milliseconds only, and a clock that was set anew begins where it likes.
    const risingMicros = Math.max(timeMicros, this.#frameMicros[kind] + 1_000);
    this.#frameMicros[kind] = risingMicros;
    this.#out.frame({ kind, codec, timeMicros: risingMicros, isKey, parts, sizeBytes });
  }

  #askAgain({ ssrc, buffer }: IncomingSource): void {
    const sequences = buffer.missingNow(this.#nowMillis);
    if (sequences.length > 0) this.#out.send(negativeAcknowledgement(ownSsrc, ssrc, sequences));
  }

  #wishForKeyFrames(): void {
    for (const source of this.#sources) if (source.media.kind === 'video') this.#wishFor(source);
  }

  #wishFor(source: IncomingSource): void {
    const { keyFrameWish } = source;
    const isOld = this.#nowMillis - keyFrameWish.cameAtMillis >= this.#keyFrameIntervalMillis;
    if (isOld && this.#recorded.source === source) keyFrameWish.want();
    // Lesser layers are asked for by their viewers.
    const isNeeded = this.#recorded.needsKeyFrame(source, this.#nowMillis);
    if (isNeeded && !keyFrameWish.isComing(this.#nowMillis)) keyFrameWish.want();
    this.#askForKeyFrame(source);
  }

  #askForKeyFrame({ ssrc, keyFrameWish, buffer, lastPacketMillis }: IncomingSource): void {
    // A layer that is not sent cannot send a key frame either.
    if (this.#nowMillis - lastPacketMillis > reportEveryMillis) return;
    if (!keyFrameWish.take(this.#nowMillis, buffer.roundTripMillis)) return;
    this.#out.send(pictureLossIndication(ownSsrc, ssrc));
  }

  #report(): void {
    const blocks = [...this.#sources].flatMap(({ ssrc, buffer, hasSaidGoodbye }) => {
      const block = hasSaidGoodbye ? null : buffer.reportBlock(ssrc, this.#nowMillis);
      return block === null ? [] : [block];
    });
    if (blocks.length > 0) this.#out.send(receiverReport(ownSsrc, blocks));
  }
}
