import type { MediaFrame } from '../rtp/media-frame.ts';
import type { RtpCodec } from '../rtp/negotiated-media.ts';
import { Packetiser } from '../rtp/packetiser.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';

/** A stream that comes in by another door: its frames are cut into packets once, for all who watch. */
export class FedSource implements StreamSource {
  readonly codecs: readonly RtpCodec[];
  readonly isLayered = false;
  readonly #stream: LiveStream;
  readonly #packetiser = new Packetiser();

  constructor(stream: LiveStream, codecs: readonly RtpCodec[]) {
    this.#stream = stream;
    this.codecs = codecs;
  }

  /** The bytes are kept. */
  frame(frame: MediaFrame): void {
    const now = performance.now();
    for (const packet of this.#packetiser.packets(frame)) this.#stream.packet(packet, now);
  }

  /** A recorder makes key frames when it likes; nobody can ask it. */
  requestKeyFrame(): void {}
}
