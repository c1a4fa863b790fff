import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { cleanup, PeerConnection, type Track } from 'node-datachannel';
import { writeAnswer } from '../../src/rtp/answer.ts';
import type { LocalTransport } from '../../src/rtp/local-transport.ts';
import { narrowOffer } from '../../src/rtp/narrow-offer.ts';
import type { RtpCodec } from '../../src/rtp/negotiated-media.ts';
import { type Offer, type PeerRole, readOffer } from '../../src/rtp/offer.ts';
import { OutgoingMedia } from '../../src/rtp/outgoing-media.ts';
import { eventually } from './eventually.ts';

let openTracks = 0;

/** Our side of a connection with a browser: the descriptions of src/rtp on node-datachannel, with nothing between. */
export class BrowserPeer {
  readonly offer: Offer;
  /** What a viewer is sent through; its own clock is `performance.now()`. */
  readonly outgoing: OutgoingMedia;
  readonly received: Buffer[] = [];
  keyFramesWanted = 0;
  /** Of packets to the viewer, how many are lost on purpose: 0 to 1. */
  lossFraction = 0;
  readonly #connection: PeerConnection;
  readonly #ticking: NodeJS.Timeout;
  #track: Track | undefined;

  constructor(sdp: string, role: PeerRole, wish?: readonly RtpCodec[]) {
    this.offer = readOffer(sdp, role, wish);
    this.outgoing = new OutgoingMedia(this.offer.media, {
      send: bytes => {
        if (this.#track?.isOpen() && Math.random() >= this.lossFraction) {
          this.#track.sendMessageBinary(bytes);
        }
      },
      keyFrameWanted: () => {
        this.keyFramesWanted += 1;
      },
    });
    this.#connection = new PeerConnection('test', {
      iceServers: [],
      disableAutoNegotiation: true,
      forceMediaTransport: true,
    });
    this.#connection.onTrack(track => {
      this.#track = track;
      openTracks += 1;
      // The library lets go of a track only when someone listens to its end.
      track.onClosed(() => {
        openTracks -= 1;
      });
      track.onMessage(bytes => {
        this.received.push(bytes);
        if (role === 'view') this.outgoing.receive(bytes, performance.now());
      });
    });
    this.#ticking = setInterval(() => this.outgoing.tick(performance.now()), 25);
  }

  get isOpen(): boolean {
    return this.#track?.isOpen() === true;
  }

  /** Which way packets go, as the engine has it: seen from our side. */
  get direction(): string | undefined {
    return this.#track?.direction();
  }

  /** What the engine says of itself. */
  get description(): string {
    return this.#connection.localDescription()?.sdp ?? '';
  }

  /** What the browser is answered. */
  async answer(): Promise<string> {
    this.#connection.setRemoteDescription(narrowOffer(this.offer), 'offer');
    this.#connection.setLocalDescription('answer');
    await eventually(() => this.#connection.gatheringState() === 'complete');
    return writeAnswer(this.offer, this.#local(), this.outgoing.sources);
  }

  #local(): LocalTransport {
    const sdp = this.description;
    const attribute = (name: string): string => new RegExp(`^a=${name}:(.+?)\\s*$`, 'm').exec(sdp)?.[1] ?? '';
    const [algorithm = '', value = ''] = attribute('fingerprint').split(' ');
    const candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 UDP \d+ (\S+) (\d+) typ host/gim)];
    return {
      ice: { ufrag: attribute('ice-ufrag'), password: attribute('ice-pwd') },
      fingerprint: { algorithm, value },
      candidates: candidates.map(([, address = '', port]) => ({ address, port: Number(port) })),
    };
  }

  close(): void {
    clearInterval(this.#ticking);
    this.#track?.close();
    this.#connection.close();
  }
}

/** After the last one was closed: lets go of what they share, so that the process can end. */
export async function closePeers(): Promise<void> {
  await eventually(() => openTracks === 0);
  // Its own threads are still busy with the last of them for a moment; it crashes when it is hurried.
  await delay(200);
  cleanup();
}

/** An empty page of an origin that may use a camera. */
export async function emptyPage(): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((_, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<video autoplay muted playsinline></video>');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
    },
  };
}
