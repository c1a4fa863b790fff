import type { IceUdpMuxListener, PeerConnection, Track } from 'node-datachannel';
import type { IceCredentials, PeerTransport } from '../rtp/peer-transport.ts';

/** The part of the package that is used; the only file that knows it. */
type Library = Pick<typeof import('node-datachannel'), 'IceUdpMuxListener' | 'PeerConnection' | 'initLogger'>;

/** What a transport tells, each guarded: what it throws is reported as a fault and harms nobody else. */
export type TransportEvents = {
  /** Packets may be sent from now on. */
  readonly opened: () => void;
  /** One RTP or RTCP packet, decrypted; the listener's own. */
  readonly packet: (bytes: Buffer) => void;
  /** Over, by itself; never after `close`. */
  readonly closed: (reason: string) => void;
  readonly fault: (error: unknown) => void;
};

/** Loads the engine's native library. @throws Error where there is none for this platform, or it is not installed. */
export async function loadDatachannel(): Promise<Library> {
  const library = await import('node-datachannel');
  // It writes on standard output otherwise.
  library.initLogger('Fatal', () => undefined);
  return library;
}

/**
 * The one UDP port of all transports. It is held from the beginning, so that nobody else takes it between two peers,
 * and because a port that is taken when a peer comes ends the whole process.
 */
export class UdpPort {
  readonly host: string;
  readonly port: number;
  readonly #library: Library;
  readonly #listener: IceUdpMuxListener;

  /** `host`: an IP address. @throws Error when the port is taken. */
  constructor(library: Library, host: string, port: number) {
    this.host = host;
    this.port = port;
    this.#library = library;
    this.#listener = new library.IceUdpMuxListener(port, host);
  }

  /**
   * A transport that answers `offer`, in which there is one m-section and no candidate: all packets then arrive on
   * one track, whatever their sources are. Like ICE-lite it waits to be found by the other side.
   * @throws Error for an offer that the library does not take.
   */
  open(offer: string, credentials: IceCredentials, events: TransportEvents): DatachannelTransport {
    const connection = new this.#library.PeerConnection('peer', {
      iceServers: [],
      bindAddress: this.host,
      enableIceUdpMux: true,
      portRangeBegin: this.port,
      portRangeEnd: this.port,
      disableAutoNegotiation: true,
      forceMediaTransport: true,
    });
    return new DatachannelTransport(connection, offer, credentials, events);
  }

  /** Gives the port back. */
  close(): void {
    this.#listener.stop();
  }
}

/** One peer's ICE, DTLS and SRTP: packets in, packets out. */
export class DatachannelTransport {
  /** What the other side is told: how it recognises this transport. */
  readonly description: PeerTransport;
  readonly #connection: PeerConnection;
  readonly #events: TransportEvents;
  #track: Track | null = null;
  #isOpen = false;
  #isClosed = false;

  /** Use `UdpPort.open`. */
  constructor(connection: PeerConnection, offer: string, ice: IceCredentials, events: TransportEvents) {
    this.#connection = connection;
    this.#events = events;
    try {
      connection.onTrack(track => this.#guarded(() => this.#useTrack(track)));
      connection.onStateChange(state => this.#guarded(() => this.#changed(state)));
      connection.setRemoteDescription(offer, 'offer');
      connection.setLocalDescription('answer', { iceUfrag: ice.ufrag, icePwd: ice.password });
      const sdp = connection.localDescription()?.sdp ?? '';
      const [, algorithm = '', value = ''] = /^a=fingerprint:(\S+) (\S+)/m.exec(sdp) ?? [];
      this.description = { ice, fingerprint: { algorithm, value } };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether packets can be sent. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isClosed;
  }

  /** Sends one RTP or RTCP packet, encrypted; it may be used again at once. False: it was not sent. Never throws. */
  send(bytes: Uint8Array): boolean {
    if (!this.isOpen) return false;
    try {
      return this.#track?.sendMessageBinary(bytes as Buffer) ?? false;
    } catch {
      // Closed a moment ago, on the library's own threads: `closed` is on its way.
      return false;
    }
  }

  /** Hangs up. Safe to call twice, never throws. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#connection.close();
    } catch (error) {
      this.#events.fault(error);
    }
  }

  #useTrack(track: Track): void {
    if (this.#isClosed) {
      track.close();
      return;
    }
    this.#track = track;
    track.onMessage(bytes => this.#received(bytes));
    track.onOpen(() => this.#guarded(() => this.#opened()));
    // The library lets go of a track only when someone listens to its end.
    track.onClosed(() => undefined);
    if (track.isOpen()) this.#opened();
  }

  #opened(): void {
    if (this.#isOpen || this.#isClosed) return;
    this.#isOpen = true;
    this.#events.opened();
  }

  #changed(state: string): void {
    // The last that is heard of it. A track that is not let go of stays, and with it all that it holds.
    if (state === 'closed') this.#track?.close();
    if (this.#isClosed) return;
    if (state === 'connected' && this.#track?.isOpen()) this.#opened();
    if (state !== 'failed' && state !== 'closed') return;
    this.close();
    this.#events.closed(state === 'closed' ? 'it hung up' : 'the connection failed');
  }

  /** As `#guarded`, without a function a packet. */
  #received(bytes: Buffer): void {
    if (this.#isClosed) return;
    try {
      this.#events.packet(bytes);
    } catch (error) {
      this.#events.fault(error);
    }
  }

  /** An exception that leaves a callback would end the process. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#events.fault(error);
    }
  }
}
