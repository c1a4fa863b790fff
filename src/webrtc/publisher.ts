import { IncomingMedia } from '../rtp/incoming-media.ts';
import type { GatheredFrame } from '../rtp/media-frame.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';
import { isRtcp } from '../rtp/rtcp-packet.ts';
import { readUint16, readUint32, rtpHeaderBytes } from '../rtp/rtp-packet.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';
import type { Peer, PeerMedia } from './peer.ts';

/** What the owner of a publisher is told. */
export type PublisherListener = {
  readonly connected: () => void;
  /** True: it could not be taken, and a key frame is needed to go on. */
  readonly frame: (frame: GatheredFrame) => boolean;
};

/** Of packets that wait: so many come in that time at 40 Mbit/s. */
const mostWaiting = 256;
/** A stream has two, with retransmissions and layers some more. */
const mostSources = 16;

/**
 * A peer that publishes: its packets go to the stream's viewers at once, whole frames to the server. While nobody
 * watches and nothing lacks, packets are gone through every 25 ms: one after the other they cost half of what each costs
 * by itself.
 */
export class Publisher implements PeerMedia, StreamSource {
  readonly codecs: readonly RtpCodec[];
  readonly isLayered: boolean;
  readonly #stream: LiveStream;
  readonly #incoming: IncomingMedia;
  readonly #listener: PublisherListener;
  /** What came since it was last gone through, and when. */
  #waiting: Buffer[] = [];
  #waitingSince: number[] = [];
  /** The newest sequence number of each source. */
  readonly #sequences = new Map<number, number>();
  #isConnected = false;
  #nowMillis = 0;

  constructor(peer: Pick<Peer, 'offer' | 'send'>, stream: LiveStream, listener: PublisherListener) {
    const { media } = peer.offer;
    this.codecs = media.map(({ codec }) => codec);
    this.isLayered = media.some(({ streamIds, sources }) => streamIds.length > 1 || sources.length > 1);
    this.#stream = stream;
    this.#listener = listener;
    this.#incoming = new IncomingMedia(media, {
      packet: packet => stream.packet(packet, this.#nowMillis),
      early: packet => stream.early(packet, this.#nowMillis),
      frame: frame => {
        if (listener.frame(frame)) this.#incoming.requestKeyFrame();
      },
      send: bytes => peer.send(bytes),
    });
    stream.begin(this);
  }

  /** RTP packets that came, were lost for good, and were lost but came when they were asked for again. */
  get counters(): { readonly received: number; readonly lost: number; readonly recovered: number } {
    const sources = this.#incoming.statistics();
    const sum = (of: (source: (typeof sources)[number]) => number) =>
      sources.reduce((total, source) => total + of(source), 0);
    return {
      received: sum(({ packets }) => packets),
      lost: sum(({ lost }) => lost),
      recovered: sum(({ recovered }) => recovered),
    };
  }

  /** Its first packet tells more: see `receive`. */
  opened(): void {}

  receive(bytes: Buffer, nowMillis: number): void {
    this.#waiting.push(bytes);
    this.#waitingSince.push(nowMillis);
    // What lacks is asked for at once.
    const mayWait = this.#follows(bytes) && this.#isConnected && this.#stream.viewers.size === 0;
    if (mayWait && this.#waiting.length < mostWaiting) return;
    this.#goThrough();
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.#listener.connected();
  }

  tick(nowMillis: number): void {
    this.#goThrough();
    this.#nowMillis = nowMillis;
    this.#incoming.tick(nowMillis);
  }

  /** It sends sound and reports all the time. */
  expectedSince(): number {
    return 0;
  }

  requestKeyFrame(layer?: number): void {
    this.#incoming.requestKeyFrame(layer);
  }

  close(): void {
    this.#goThrough();
    this.#stream.end(this, performance.now());
  }

  /** Whether nothing lacks between a packet and the one before it of the same source. */
  #follows(bytes: Buffer): boolean {
    if (bytes.length < rtpHeaderBytes || isRtcp(bytes)) return true;
    const ssrc = readUint32(bytes, 8);
    const sequence = readUint16(bytes, 2);
    const before = this.#sequences.get(ssrc);
    if (before === undefined && this.#sequences.size === mostSources) this.#sequences.clear();
    this.#sequences.set(ssrc, sequence);
    return before === undefined || sequence === ((before + 1) & 0xffff);
  }

  #goThrough(): void {
    const waiting = this.#waiting;
    const since = this.#waitingSince;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#waitingSince = [];
    for (const [index, bytes] of waiting.entries()) {
      this.#nowMillis = since[index] as number;
      this.#incoming.receive(bytes, this.#nowMillis);
    }
  }
}
