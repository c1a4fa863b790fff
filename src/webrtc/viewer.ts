import type { OutgoingSource } from '../rtp/answer.ts';
import type { MediaPacket } from '../rtp/media-packet.ts';
import { OutgoingMedia } from '../rtp/outgoing-media.ts';
import type { LiveStream, StreamViewer } from './live-stream.ts';
import type { Peer, PeerMedia } from './peer.ts';

/** What the owner of a viewer is told. */
export type ViewerListener = {
  readonly opened: () => void;
  /** There is nothing to watch any more: the owner closes it. */
  readonly end: (reason: string) => void;
};

/** A stream that gives nothing for this long pauses. */
const pauseMillis = 1_000;

/** A peer that watches. */
export class Viewer implements PeerMedia, StreamViewer {
  readonly #stream: LiveStream;
  readonly #outgoing: OutgoingMedia;
  readonly #listener: ViewerListener;
  #isOpen = false;
  #lastSentMillis = Number.NEGATIVE_INFINITY;
  #flowingSince = 0;
  #packetsSent = 0;

  constructor(peer: Peer, stream: LiveStream, listener: ViewerListener) {
    this.#stream = stream;
    this.#listener = listener;
    this.#outgoing = new OutgoingMedia(peer.offer.media, {
      send: bytes => {
        if (peer.send(bytes)) this.#packetsSent += 1;
      },
      keyFrameWanted: layer => stream.source?.requestKeyFrame(layer),
    });
    stream.viewers.add(this);
  }

  /** For its answer. */
  get sources(): readonly OutgoingSource[] {
    return this.#outgoing.sources;
  }

  /** How many packets it was sent, RTP and RTCP. */
  get packetsSent(): number {
    return this.#packetsSent;
  }

  /** Whether it is connected. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  opened(nowMillis: number): void {
    this.#isOpen = true;
    this.#listener.opened();
    this.#outgoing.catchUp(this.#stream.newestPictures, nowMillis);
  }

  /** A packet of the stream. */
  packet(packet: MediaPacket, nowMillis: number): void {
    if (!this.#isOpen) return;
    if (nowMillis - this.#lastSentMillis > pauseMillis) this.#flowingSince = nowMillis;
    this.#lastSentMillis = nowMillis;
    this.#outgoing.packet(packet, nowMillis);
  }

  /** A packet of the stream, before those that it has overtaken. */
  early(packet: MediaPacket, nowMillis: number): void {
    if (this.#isOpen) this.#outgoing.early(packet, nowMillis);
  }

  receive(bytes: Buffer, nowMillis: number): void {
    this.#outgoing.receive(bytes, nowMillis);
  }

  tick(nowMillis: number): void {
    if (this.#isOpen) this.#outgoing.tick(nowMillis);
  }

  /** It reports while something comes to it, and has nothing to say of a stream that pauses. */
  expectedSince(nowMillis: number): number | null {
    return nowMillis - this.#lastSentMillis > pauseMillis ? null : this.#flowingSince;
  }

  /** Another publisher goes on with the stream. */
  sourceChanged(): void {
    this.#outgoing.sourceChanged();
  }

  /** There is nothing to watch any more. */
  end(reason: string): void {
    this.#listener.end(reason);
  }

  close(): void {
    this.#isOpen = false;
    this.#stream.viewers.delete(this);
  }
}
