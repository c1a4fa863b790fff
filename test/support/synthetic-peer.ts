import { randomInt } from 'node:crypto';
import datachannel, { type PeerConnection, type Track } from 'node-datachannel';
import { receiverReport } from '../../src/rtp/rtcp-writer.ts';

/** A WebRTC client without a browser, for many at once: it sends and takes packets as they are. Its owner closes it. */
export class SyntheticPeer {
  readonly offer: string;
  readonly videoSsrc = randomInt(1, 2 ** 32 - 1);
  readonly audioSsrc = randomInt(1, 2 ** 32 - 1);
  /** RTP and RTCP packets that came. */
  packetsReceived = 0;
  onPacket: (bytes: Buffer) => void = () => undefined;
  readonly #connection: PeerConnection;
  readonly #video: Track;
  readonly #audio: Track;
  readonly #reports: NodeJS.Timeout;

  /** `codec`: of its pictures. */
  constructor(role: 'publish' | 'view', codec: 'H264' | 'VP8' = 'H264', bindAddress = '127.0.0.1') {
    this.#connection = new datachannel.PeerConnection('client', {
      iceServers: [],
      disableAutoNegotiation: true,
      bindAddress,
    });
    const direction = role === 'publish' ? 'SendOnly' : 'RecvOnly';
    const video = new datachannel.Video('v', direction);
    if (codec === 'H264') {
      video.addH264Codec(96, 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1');
    } else {
      video.addVP8Codec(96);
    }
    const audio = new datachannel.Audio('a', direction);
    audio.addOpusCodec(111);
    if (role === 'publish') {
      video.addSSRC(this.videoSsrc, 'client', 'stream', 'video');
      audio.addSSRC(this.audioSsrc, 'client', 'stream', 'audio');
    }
    this.#connection.onStateChange(state => {
      if (state !== 'closed') return;
      clearInterval(this.#reports);
      this.#video.close();
      this.#audio.close();
    });
    this.#video = this.#connection.addTrack(video);
    this.#audio = this.#connection.addTrack(audio);
    for (const track of [this.#video, this.#audio]) {
      track.onMessage(bytes => {
        this.packetsReceived += 1;
        this.onPacket(bytes);
      });
      // The library lets go of a track only when someone listens to its end.
      track.onClosed(() => undefined);
    }
    // As any receiver says that it is there (RFC 3550, section 6.4.2).
    this.#reports = setInterval(() => this.isConnected && this.send('video', receiverReport(1, [])), 1_000);
    this.#connection.setLocalDescription('offer');
    this.offer = this.#connection.localDescription()?.sdp ?? '';
  }

  /** Takes the answer and resolves when packets can be sent. @throws Error when that does not come. */
  async connect(answer: string, limitMillis = 20_000): Promise<void> {
    this.#connection.setRemoteDescription(answer, 'answer');
    const giveUpAt = performance.now() + limitMillis;
    while (!this.isConnected) {
      if (performance.now() > giveUpAt) throw new Error(`the client is ${this.#connection.state()}`);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  }

  get isConnected(): boolean {
    return this.#connection.state() === 'connected' && this.#video.isOpen();
  }

  get state(): string {
    return this.#connection.state();
  }

  /** Sends an RTP or RTCP packet. False: it was not sent, because the connection is over. */
  send(kind: 'video' | 'audio', bytes: Buffer): boolean {
    try {
      return (kind === 'video' ? this.#video : this.#audio).sendMessageBinary(bytes);
    } catch {
      return false;
    }
  }

  /** Hangs up. The library tells the other side, or does not: its goodbye races with its own end. */
  close(): void {
    clearInterval(this.#reports);
    this.#connection.close();
  }
}
