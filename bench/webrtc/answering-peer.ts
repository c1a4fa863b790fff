import datachannel, { type PeerConnection, type Track } from 'node-datachannel';
import { receiverReport } from '../../src/rtp/rtcp-writer.ts';

/** A viewer without a browser, of a server that makes the offers: it counts what comes. Its owner closes it. */
export class AnsweringPeer {
  readonly answer: string;
  /** RTP and RTCP packets that came. */
  packetsReceived = 0;
  readonly #connection: PeerConnection;
  readonly #tracks: Track[] = [];
  readonly #reports: NodeJS.Timeout;

  constructor(offer: string) {
    this.#connection = new datachannel.PeerConnection('viewer', {
      iceServers: [],
      disableAutoNegotiation: true,
    });
    this.#connection.onTrack(track => {
      this.#tracks.push(track);
      track.onMessage(() => {
        this.packetsReceived += 1;
      });
      track.onClosed(() => undefined);
    });
    this.#connection.setRemoteDescription(offer, 'offer');
    this.#connection.setLocalDescription('answer');
    this.answer = this.#connection.localDescription()?.sdp ?? '';
    // As any receiver says that it is there (RFC 3550, section 6.4.2).
    this.#reports = setInterval(() => this.#report(), 1_000);
  }

  /** Resolves when packets can come. @throws Error when they cannot within 20 s. */
  async connected(): Promise<void> {
    const giveUpAt = performance.now() + 20_000;
    while (this.#connection.state() !== 'connected') {
      if (performance.now() > giveUpAt) throw new Error(`the viewer is ${this.#connection.state()}`);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }

  close(): void {
    clearInterval(this.#reports);
    this.#connection.close();
  }

  #report(): void {
    const [first] = this.#tracks;
    if (first?.isOpen()) first.sendMessageBinary(receiverReport(1, []));
  }
}
