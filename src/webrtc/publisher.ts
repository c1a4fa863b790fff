import { IncomingMedia } from '../rtp/incoming-media.ts';
import type { GatheredFrame } from '../rtp/media-frame.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';
import type { Peer, PeerMedia } from './peer.ts';

/** What the owner of a publisher is told. */
export type PublisherListener = {
  readonly connected: () => void;
  /** True: it could not be taken, and a key frame is needed to go on. */
  readonly frame: (frame: GatheredFrame) => boolean;
};

/** A peer that publishes: its packets go to the stream's viewers at once, whole frames to the server. */
export class Publisher implements PeerMedia, StreamSource {
  readonly codecs: readonly RtpCodec[];
  readonly isLayered: boolean;
  readonly #stream: LiveStream;
  readonly #incoming: IncomingMedia;
  readonly #listener: PublisherListener;
  #isConnected = false;
  #nowMillis = 0;

  constructor(peer: Peer, stream: LiveStream, listener: PublisherListener) {
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
    this.#nowMillis = nowMillis;
    this.#incoming.receive(bytes, nowMillis);
    if (this.#isConnected) return;
    this.#isConnected = true;
    this.#listener.connected();
  }

  tick(nowMillis: number): void {
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
    this.#stream.end(this, performance.now());
  }
}
