import { randomBytes } from 'node:crypto';
import type { OutgoingSource } from './answer.ts';
import { LayerChoice } from './layer-choice.ts';
import type { MediaPacket } from './media-packet.ts';
import type { NegotiatedMedia } from './negotiated-media.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import { PacedPackets, type WaitingPacket } from './paced-packets.ts';
import { compactNtp, type ReportBlock, readRtcp } from './rtcp-packet.ts';

/** What a viewer's packets go to. */
export type OutgoingListener = {
  /** RTP or RTCP to be encrypted and sent. The bytes are written over as soon as it returns. */
  send(bytes: Buffer): void;
  /**
   * The viewer can only go on with a key frame of this layer; undefined: of any. At most twice a second; whoever has
   * many viewers asks once for all.
   */
  keyFrameWanted(layer: number | undefined): void;
};

/** What became of a viewer's packets; counters since it began. */
export type OutgoingStatistics = {
  readonly packets: number;
  /** Of payloads. */
  readonly bytes: number;
  /** Sent once more. */
  readonly repaired: number;
  /** Of pictures, in the newest report: 0 to 1. */
  readonly lossFraction: number;
  /** Null before the first report. */
  readonly roundTripMillis: number | null;
  /** The layer that is sent; null while a key frame is waited for. */
  readonly layer: number | null;
};

const reportMillis = 1_000;
/** While a viewer has no picture, a request or its key frame may have been lost. */
const startRequestMillis = 500;
/** What viewers ask for costs everybody's picture quality. */
const viewerRequestMillis = 1_000;
const catchUpStepMicros = 1_000;

/**
 * All that is sent to one viewer: packets of the stream with sources, numbers and times of the viewer's own, from a key
 * frame on, what it lost once more, and sender reports that keep sound and pictures in step. The cost of a packet is a
 * header and one copy; payloads are shared by all viewers.
 *
 * Times in milliseconds are of one clock of the caller's, which only has to rise. Nothing is kept that grows.
 */
export class OutgoingMedia {
  readonly #listener: OutgoingListener;
  readonly #video: OutgoingStream | null;
  readonly #audio: OutgoingStream | null;
  readonly #layers = new LayerChoice();
  readonly #paced: PacedPackets;
  #layer: number | null = null;
  #nowMillis = 0;
  /** From the stream's clock to the viewer's, which is `nowMillis`; null until the next packet says. */
  #clockShiftMicros: number | null = null;
  #newestViewerMicros = Number.NEGATIVE_INFINITY;
  #reportedMillis = Number.NEGATIVE_INFINITY;
  #requestedMillis = Number.NEGATIVE_INFINITY;
  #keyFrameMillis = Number.NEGATIVE_INFINITY;
  #lossFraction = 0;
  #roundTripMillis: number | null = null;

  /** `media`: what was agreed on with the viewer. */
  constructor(media: readonly NegotiatedMedia[], listener: OutgoingListener) {
    this.#listener = listener;
    const cname = randomBytes(9).toString('base64url');
    const streamOf = (kind: NegotiatedMedia['kind']): OutgoingStream | null => {
      const agreed = media.find(one => one.kind === kind);
      return agreed === undefined ? null : new OutgoingStream(agreed, cname, bytes => listener.send(bytes));
    };
    this.#video = streamOf('video');
    this.#audio = streamOf('audio');
    this.#paced = new PacedPackets(({ packet, viewerMicros, isRetimed }) => {
      if (isRetimed) this.#video?.retime();
      this.#video?.packet(packet, viewerMicros, this.#nowMillis);
    });
  }

  /** For the answer to the viewer's offer. */
  get sources(): readonly OutgoingSource[] {
    return [this.#audio, this.#video].flatMap(stream => (stream === null ? [] : [stream.source]));
  }

  get statistics(): OutgoingStatistics {
    const sum = (of: (stream: OutgoingStream) => number): number =>
      (this.#audio === null ? 0 : of(this.#audio)) + (this.#video === null ? 0 : of(this.#video));
    return {
      packets: sum(stream => stream.packetCount),
      bytes: sum(stream => stream.octetCount),
      repaired: sum(stream => stream.repairedCount),
      lossFraction: this.#lossFraction,
      roundTripMillis: this.#roundTripMillis,
      layer: this.#layer,
    };
  }

  /** The viewer has no picture yet, or lost it: it waits for a key frame, or for `catchUp`. */
  get needsKeyFrame(): boolean {
    return this.#video !== null && this.#layer === null;
  }

  /** A packet of the stream, of any layer, in order within its layer. */
  packet(packet: MediaPacket, nowMillis: number): void {
    this.#nowMillis = nowMillis;
    const viewerMicros = this.#viewerMicrosOf(packet, nowMillis);
    if (packet.kind === 'audio') this.#audio?.packet(packet, viewerMicros, nowMillis);
    else if (this.#video !== null) this.#picture(packet, this.#video, viewerMicros, nowMillis);
  }

  /**
   * A packet that has overtaken others; it is given to `packet` in its turn as well, and then not sent again. Viewers
   * put packets in order themselves, and can tell what was repaired from a way that became slow.
   */
  early(packet: MediaPacket, nowMillis: number): void {
    // A viewer that has no picture, or still gets older ones, takes it when its turn comes.
    const isFollowed = packet.layer === this.#layer && this.#paced.isEmpty;
    if (this.#clockShiftMicros === null || (packet.kind === 'video' && !isFollowed)) return;
    this.#nowMillis = nowMillis;
    const stream = packet.kind === 'audio' ? this.#audio : this.#video;
    stream?.packet(packet, this.#viewerMicrosOf(packet, nowMillis), nowMillis);
  }

  /**
   * For a viewer without a picture: the newest pictures of the stream, from a key frame on. They go out as fast as
   * sockets take them, their times drawn together before that of the newest, so that the viewer decodes them all and
   * shows the newest, and is not behind by as much as the key frame is old.
   */
  catchUp(packets: readonly MediaPacket[], nowMillis: number): void {
    const video = this.#video;
    const newest = packets.at(-1);
    if (video === null || newest === undefined || packets[0]?.beginsKeyFrame !== true || !this.needsKeyFrame)
      return;
    const pictures = packets.filter(({ ticks }, index) => ticks !== packets[index - 1]?.ticks).length;
    const newestMicros = this.#viewerMicrosOf(newest, nowMillis);
    video.begin();
    this.#layer = newest.layer;
    this.#keyFrameMillis = nowMillis;
    let viewerMicros = newestMicros - pictures * catchUpStepMicros;
    this.#nowMillis = nowMillis;
    this.#paced.clear();
    for (const [index, packet] of packets.entries()) {
      const isRetimed = packet.ticks !== packets[index - 1]?.ticks;
      if (isRetimed) viewerMicros += catchUpStepMicros;
      this.#pace({ packet, viewerMicros, isRetimed });
    }
    this.#paced.turn();
  }

  /** Another publisher goes on with the stream, or the same from another beginning: the next key frame is waited for. */
  sourceChanged(): void {
    this.#clockShiftMicros = null;
    this.#freeze();
    this.#audio?.begin();
  }

  /** What the viewer says: RTCP. Whatever else it is, is ignored. */
  receive(bytes: Uint8Array, nowMillis: number): void {
    for (const packet of readRtcp(bytes)) {
      switch (packet.type) {
        case 'receiver-report':
        case 'sender-report':
          for (const block of packet.blocks) this.#reported(block, nowMillis);
          break;
        case 'nack':
          this.#repair(packet.ssrc, packet.sequences, nowMillis);
          break;
        case 'picture-loss':
          if (packet.ssrc === this.#video?.source.ssrc) this.#pictureLost(nowMillis);
          break;
        case 'full-intra-request':
          if (packet.requests.some(({ ssrc }) => ssrc === this.#video?.source.ssrc))
            this.#pictureLost(nowMillis);
          break;
        case 'bitrate-estimate':
          this.#layers.estimate(packet.bitrateBitsPerSecond, nowMillis);
          break;
      }
    }
  }

  /** To be called about every 25 ms. */
  tick(nowMillis: number): void {
    this.#nowMillis = nowMillis;
    this.#paced.turn();
    this.#layers.tick(nowMillis);
    if (this.needsKeyFrame) this.#request(nowMillis, startRequestMillis);
    else if (this.#video !== null && this.#isOfAnotherLayer) this.#request(nowMillis, viewerRequestMillis);
    if (nowMillis - this.#reportedMillis < reportMillis) return;
    for (const stream of [this.#audio, this.#video]) {
      const report = stream?.report(nowMillis);
      if (!report) continue;
      this.#listener.send(report);
      this.#reportedMillis = nowMillis;
    }
  }

  get #isOfAnotherLayer(): boolean {
    return this.#layers.target !== null && this.#layers.target !== this.#layer;
  }

  #picture(packet: MediaPacket, video: OutgoingStream, viewerMicros: number, nowMillis: number): void {
    this.#layers.came(packet.layer, packet.payload.length);
    if (packet.beginsKeyFrame) this.#mayBegin(packet, video, nowMillis);
    else if (packet.isAfterLoss && packet.layer === this.#layer) this.#freeze();
    if (this.#layer === null) this.#request(nowMillis, startRequestMillis);
    if (packet.layer !== this.#layer) return;
    if (this.#paced.isEmpty) video.packet(packet, viewerMicros, nowMillis);
    else this.#pace({ packet, viewerMicros, isRetimed: false });
  }

  /** Nothing more is shown until a key frame comes. */
  #freeze(): void {
    this.#layer = null;
    this.#paced.clear();
  }

  #pace(waiting: WaitingPacket): void {
    if (!this.#paced.push(waiting)) this.#freeze();
  }

  #mayBegin({ layer, isAfterLoss }: MediaPacket, video: OutgoingStream, nowMillis: number): void {
    // Any layer is better than no picture.
    if (layer !== this.#layer && this.#layer !== null && layer !== this.#layers.target) return;
    if (layer !== this.#layer) video.begin();
    // Nothing lacks that is of use: what was lost, or still waits, is older than a picture that needs none of it.
    else if (isAfterLoss || !this.#paced.isEmpty) video.renumber();
    this.#paced.clear();
    this.#layer = layer;
    this.#keyFrameMillis = nowMillis;
  }

  /** The viewer's clock is `nowMillis` when a stream begins, and the stream's from then on: it runs evenly. */
  #viewerMicrosOf({ timeMicros }: MediaPacket, nowMillis: number): number {
    this.#clockShiftMicros ??= Math.max(nowMillis * 1_000, this.#newestViewerMicros + 1_000) - timeMicros;
    const viewerMicros = timeMicros + this.#clockShiftMicros;
    if (viewerMicros > this.#newestViewerMicros) this.#newestViewerMicros = viewerMicros;
    return viewerMicros;
  }

  #reported(block: ReportBlock, nowMillis: number): void {
    const isVideo = block.ssrc === this.#video?.source.ssrc;
    if (!isVideo && block.ssrc !== this.#audio?.source.ssrc) return;
    if (block.lastReport !== 0) {
      // In 65,536ths of a second, on a circle of 18 hours (RFC 3550, section 6.4.1).
      const now = compactNtp(nowMillis * 1_000);
      const roundTrip = (now - block.lastReport - block.delaySinceLastReport) >>> 0;
      if (roundTrip < 10 * 65_536) this.#roundTripMillis = (roundTrip * 1_000) / 65_536;
    }
    if (!isVideo) return;
    this.#lossFraction = block.fractionLost / 256;
    this.#layers.loss(this.#lossFraction, nowMillis);
  }

  #repair(ssrc: number, sequences: readonly number[], nowMillis: number): void {
    const stream = [this.#video, this.#audio].find(one => one?.source.ssrc === ssrc);
    // Asked for again before the first answer can have come: one is on its way.
    const leastGapMillis = Math.min(100, (this.#roundTripMillis ?? 0) * 0.8);
    for (const sequence of sequences) stream?.repair(sequence, nowMillis, leastGapMillis);
  }

  #pictureLost(nowMillis: number): void {
    // A key frame that it has not seen yet is on its way.
    const arrivalMillis = Math.max(200, (this.#roundTripMillis ?? 0) * 1.5);
    if (nowMillis - this.#keyFrameMillis < arrivalMillis) return;
    this.#request(nowMillis, viewerRequestMillis);
  }

  #request(nowMillis: number, leastGapMillis: number): void {
    if (nowMillis - this.#requestedMillis < leastGapMillis) return;
    this.#requestedMillis = nowMillis;
    this.#listener.keyFrameWanted(this.#layers.target ?? undefined);
  }
}
