import type { MediaPacket } from '../rtp/media-packet.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';
import { NewestPictures } from '../rtp/newest-pictures.ts';

/** Where a stream's packets come from: a publisher, or frames that are fed. */
export interface StreamSource {
  readonly codecs: readonly RtpCodec[];
  /** Whether its pictures come in several sizes at once. */
  readonly isLayered: boolean;
  /** A viewer cannot go on, or begin, without a key frame; of this layer, if it says which. */
  requestKeyFrame(layer?: number): void;
}

/** Who watches a stream. */
export interface StreamViewer {
  /** Whether it is connected. */
  readonly isOpen: boolean;
  packet(packet: MediaPacket, nowMillis: number): void;
  /** A packet that has overtaken others; `packet` is given it too, in its turn. */
  early(packet: MediaPacket, nowMillis: number): void;
  /** Another publisher goes on with the stream. */
  sourceChanged(): void;
  /** There is nothing to watch any more. */
  end(reason: string): void;
}

/** How long viewers wait for a publisher that left to come back. */
const sourceLimitMillis = 10_000;

/** One stream: where it comes from, and who watches it by WebRTC. */
export class LiveStream {
  readonly id: string;
  readonly viewers = new Set<StreamViewer>();
  readonly #newest = new NewestPictures();
  #source: StreamSource | null = null;
  #codecs: readonly RtpCodec[] = [];
  #sourcelessSince: number | null = null;

  constructor(id: string) {
    this.id = id;
  }

  get source(): StreamSource | null {
    return this.#source;
  }

  /** Whether nobody needs it any more. */
  get isIdle(): boolean {
    return this.#source === null && this.viewers.size === 0;
  }

  /** What a viewer can begin with; empty where that is to be a key frame. */
  get newestPictures(): readonly MediaPacket[] {
    return this.#newest.packets;
  }

  /** From now on packets come from `source`. */
  begin(source: StreamSource): void {
    const isOther = this.#codecs.length > 0 && source.codecs.some(codec => !this.#codecs.includes(codec));
    this.#source = source;
    this.#codecs = source.codecs;
    this.#sourcelessSince = null;
    this.#newest.clear();
    for (const viewer of [...this.viewers]) {
      if (isOther) viewer.end('the stream goes on in another codec');
      else viewer.sourceChanged();
    }
  }

  /** Nothing comes from `source` any more. */
  end(source: StreamSource, nowMillis: number): void {
    if (this.#source !== source) return;
    this.#source = null;
    this.#sourcelessSince = nowMillis;
    this.#newest.clear();
  }

  /** Gives a packet to all who watch. */
  packet(packet: MediaPacket, nowMillis: number): void {
    // Kept without viewers too: the first one is to see something at once. Which layer a viewer can take shows later.
    if (packet.kind === 'video' && this.#source?.isLayered === false) this.#newest.packet(packet);
    for (const viewer of this.viewers) viewer.packet(packet, nowMillis);
  }

  /** Gives a packet that waits for others to those who watch already. */
  early(packet: MediaPacket, nowMillis: number): void {
    for (const viewer of this.viewers) viewer.early(packet, nowMillis);
  }

  /** Viewers of a stream that nobody publishes any more are let go. */
  tick(nowMillis: number): void {
    if (this.#sourcelessSince === null || nowMillis - this.#sourcelessSince < sourceLimitMillis) return;
    this.#sourcelessSince = null;
    this.endViewers('nobody publishes this any more');
  }

  /** Lets all viewers go. */
  endViewers(reason: string): void {
    for (const viewer of [...this.viewers]) viewer.end(reason);
  }
}
