import { randomBytes } from 'node:crypto';
import { LivereelError } from '../errors.ts';
import { readIceFragment, writeIceFragment } from '../rtp/ice-fragment.ts';
import type { LocalTransport } from '../rtp/local-transport.ts';
import { narrowOffer } from '../rtp/narrow-offer.ts';
import type { Offer } from '../rtp/offer.ts';
import type { IceCredentials } from '../rtp/peer-transport.ts';
import type { DatachannelTransport, UdpPort } from './datachannel-transport.ts';

/** What is done with a peer's packets: a publisher's, or a viewer's. */
export interface PeerMedia {
  /** Packets can be sent. Again after a restart of ICE. */
  opened(nowMillis: number): void;
  /** RTP or RTCP; the bytes may be kept. */
  receive(bytes: Buffer, nowMillis: number): void;
  /** About every 25 ms. */
  tick(nowMillis: number): void;
  /** Since when a peer that is still there would have said something; null while it has nothing to say. */
  expectedSince(nowMillis: number): number | null;
  close(): void;
}

type PeerOptions = {
  readonly id: string;
  readonly offer: Offer;
  readonly port: UdpPort;
  /** IP addresses that the peer is told. */
  readonly addresses: readonly string[];
  /** Over by itself; never after `close`. */
  readonly onGone: (reason: string) => void;
  readonly onFault: (error: unknown) => void;
};

const connectLimitMillis = 15_000;
/** Senders send all the time, receivers report at least every 5 s (RFC 3550, section 6.2). */
const silenceLimitMillis = 10_000;
const ufragBytes = 6;
const passwordBytes = 24;

/** One WebRTC peer: its transport, and the one that replaces it when ICE restarts. */
export class Peer {
  readonly id: string;
  readonly offer: Offer;
  readonly #options: PeerOptions;
  #transport: DatachannelTransport;
  /** The one of a restart, until it is connected. */
  #next: { readonly transport: DatachannelTransport; readonly since: number } | null = null;
  #media: PeerMedia | null = null;
  #since: number;
  #lastReceivedMillis: number;
  #isClosed = false;
  #generation = 1;

  /** @throws Error when the offer cannot be used after all. */
  constructor(options: PeerOptions) {
    this.id = options.id;
    this.offer = options.offer;
    this.#options = options;
    this.#since = performance.now();
    this.#lastReceivedMillis = this.#since;
    this.#transport = this.#open(options.offer);
  }

  /** Changes with each restart. With its quotes. */
  get etag(): string {
    return `"${this.id.slice(0, 8)}-${this.#generation}"`;
  }

  /** What it is answered with. */
  get local(): LocalTransport {
    return this.#local(this.#transport);
  }

  /** Sends one RTP or RTCP packet; the bytes may be used again at once. False: it was not sent. */
  send(bytes: Uint8Array): boolean {
    return this.#transport.send(bytes);
  }

  /** From now on packets go to `media`. */
  attach(media: PeerMedia): void {
    this.#media = media;
  }

  /** Looks after what has to be done in time. */
  tick(nowMillis: number): void {
    if (this.#isClosed) return;
    this.#media?.tick(nowMillis);
    const next = this.#next;
    if (next !== null && nowMillis - next.since > connectLimitMillis) {
      next.transport.close();
      this.#next = null;
    }
    const over = this.#whyOver(nowMillis);
    if (over !== null) this.#gone(over);
  }

  /**
   * Takes a fragment: candidates are not needed, for the peer finds us; new credentials restart ICE.
   * @throws LivereelError `malformed-sdp`, `precondition-required`, `precondition-failed`, `ice-restart-refused`.
   */
  trickle(fragment: string, ifMatch: string | null): { sdp: string; etag: string } | null {
    const { ice, takesNewDtls } = readIceFragment(fragment);
    const known = this.offer.transport.ice;
    const isRestart = ice !== null && (ice.ufrag !== known.ufrag || ice.password !== known.password);
    this.#checkTag(ifMatch, isRestart);
    if (!isRestart) return null;
    // One that keeps to the old handshake would never be heard again.
    if (!takesNewDtls) {
      throw new LivereelError(
        'ice-restart-refused',
        'ICE restarts together with DTLS here: name a=fingerprint in the fragment and take that of the answer, ' +
          'or POST a new offer.',
      );
    }
    return this.#restart(ice);
  }

  /** Hangs up. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#next?.transport.close();
    this.#transport.close();
    this.#media?.close();
  }

  /** RFC 9725, section 4.3: a restart fits any tag. */
  #checkTag(ifMatch: string | null, isRestart: boolean): void {
    if (ifMatch === null) {
      throw new LivereelError('precondition-required', `Send If-Match: ${isRestart ? '*' : this.etag}`);
    }
    const tags = ifMatch.split(',').map(tag => tag.trim());
    if (!tags.includes('*') && !tags.includes(this.etag)) {
      throw new LivereelError('precondition-failed', `The newest entity tag is ${this.etag}.`);
    }
  }

  /**
   * The engine's library cannot restart ICE: a second transport takes over from the first once it is connected. It has
   * keys of its own, so DTLS begins anew too.
   */
  #restart(ice: IceCredentials): { sdp: string; etag: string } {
    const offer = { ...this.offer, transport: { ...this.offer.transport, ice } };
    this.#next?.transport.close();
    const transport = this.#open(offer);
    this.#next = { transport, since: performance.now() };
    this.#generation += 1;
    return { sdp: writeIceFragment(offer, this.#local(transport)), etag: this.etag };
  }

  #open(offer: Offer): DatachannelTransport {
    const ice = { ufrag: randomText(ufragBytes), password: randomText(passwordBytes) };
    const transport: DatachannelTransport = this.#options.port.open(narrowOffer(offer), ice, {
      opened: () => this.#opened(transport),
      packet: bytes => this.#received(transport, bytes),
      closed: reason => this.#lost(transport, reason),
      fault: this.#options.onFault,
    });
    return transport;
  }

  #opened(transport: DatachannelTransport): void {
    if (transport === this.#next?.transport) {
      this.#transport.close();
      this.#transport = transport;
      this.#next = null;
    }
    if (transport !== this.#transport) return;
    const now = performance.now();
    this.#lastReceivedMillis = now;
    this.#media?.opened(now);
  }

  #received(transport: DatachannelTransport, bytes: Buffer): void {
    if (transport !== this.#transport) return;
    const now = performance.now();
    this.#lastReceivedMillis = now;
    this.#media?.receive(bytes, now);
  }

  #lost(transport: DatachannelTransport, reason: string): void {
    if (transport === this.#next?.transport) this.#next = null;
    // While a restart is under way, it is no surprise that the old way is lost.
    else if (transport === this.#transport && this.#next === null) this.#gone(reason);
  }

  #whyOver(nowMillis: number): string | null {
    if (this.#next !== null) return null;
    if (!this.#transport.isOpen) {
      if (nowMillis - this.#since < connectLimitMillis) return null;
      return `nothing came through within ${connectLimitMillis / 1_000} s: UDP port ${this.#options.port.port} may be blocked`;
    }
    const expectedSince = this.#media?.expectedSince(nowMillis) ?? null;
    if (expectedSince === null) return null;
    const silentMillis = nowMillis - Math.max(expectedSince, this.#lastReceivedMillis);
    return silentMillis > silenceLimitMillis ? `silent for ${silenceLimitMillis / 1_000} s` : null;
  }

  #gone(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#options.onGone(reason);
  }

  #local(transport: DatachannelTransport): LocalTransport {
    const { port, addresses } = this.#options;
    const candidates = addresses.map(address => ({ address, port: port.port }));
    return { ...transport.description, candidates };
  }
}

/** Letters and digits that ICE takes (RFC 8445, section 5.3: at least 24 bits for the name, 128 for the password). */
function randomText(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
