import { IncomingMedia } from '../../src/rtp/incoming-media.ts';
import type { MediaFrame } from '../../src/rtp/media-frame.ts';
import type { MediaPacket } from '../../src/rtp/media-packet.ts';
import { type PublisherShape, SimulatedPublisher } from './simulated-publisher.ts';
import { SimulatedWay, type Weather } from './simulated-way.ts';

const tickEveryMillis = 25;

/** A publisher, the way to the receiver and back, and what the receiver made of it, all in virtual time. */
export class SimulatedStream {
  readonly publisher: SimulatedPublisher;
  readonly incoming: IncomingMedia;
  readonly there: SimulatedWay;
  readonly back: SimulatedWay;
  readonly packets: { readonly packet: MediaPacket; readonly atMillis: number }[] = [];
  readonly early: MediaPacket[] = [];
  readonly frames: { readonly frame: MediaFrame; readonly atMillis: number }[] = [];
  readonly sent: { readonly rtcp: Uint8Array; readonly atMillis: number }[] = [];
  nowMillis = 0;

  constructor(shape: PublisherShape = {}, weather: Weather = {}, seed = 1) {
    this.there = new SimulatedWay(weather, seed);
    this.back = new SimulatedWay(weather, seed + 1);
    this.publisher = new SimulatedPublisher(shape, bytes => this.there.send(bytes, this.nowMillis));
    this.incoming = new IncomingMedia(this.publisher.media, {
      early: packet => this.early.push(packet),
      packet: packet => this.packets.push({ packet, atMillis: this.nowMillis }),
      frame: ({ parts, sizeBytes: _, ...frame }) =>
        this.frames.push({ frame: { ...frame, bytes: Buffer.concat(parts) }, atMillis: this.nowMillis }),
      send: rtcp => {
        this.sent.push({ rtcp, atMillis: this.nowMillis });
        this.back.send(rtcp, this.nowMillis);
      },
    });
  }

  /** The publisher sends for so long, then what is under way arrives unless `isCut`. */
  run(forMillis: number, isCut = true): void {
    for (const end = this.nowMillis + forMillis; this.nowMillis < end; ) this.#step(true);
    if (isCut) return;
    for (const end = this.nowMillis + 3_000; this.nowMillis < end; ) this.#step(false);
  }

  #step(isSending: boolean): void {
    if (isSending) this.publisher.tick(this.nowMillis);
    for (const bytes of this.there.take(this.nowMillis)) this.incoming.receive(bytes, this.nowMillis);
    for (const bytes of this.back.take(this.nowMillis)) this.publisher.receive(bytes);
    if (this.nowMillis % tickEveryMillis === 0) this.incoming.tick(this.nowMillis);
    this.nowMillis += 1;
  }
}
