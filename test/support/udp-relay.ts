import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

/** How bad a way is; the same both ways. */
export type BadWay = {
  /** Nothing gets through at all. */
  readonly isCut?: boolean;
  /** Share of the packets that are lost, 0 to 1. */
  readonly lostShare?: number;
  /** Losses come in rows of so many on average; default 1. */
  readonly burstPackets?: number;
  readonly delayMillis?: number;
  /** A share of the packets takes this much longer, and so comes behind later ones. */
  readonly late?: { readonly share: number; readonly millis: number };
};

/** Packets that came, both ways together, and those of them that were lost on purpose. */
export type RelayCounters = { passed: number; lost: number };

const bufferBytes = 4_194_304;

/**
 * A bad network between peers and a server: peers are told its address, `127.0.0.2`, and the server's own port. Losses
 * come by a seeded generator, the same in each run. Whoever opened it closes it.
 */
export class UdpRelay {
  /** What the server announces: `WEBRTC_ANNOUNCED_ADDRESS`. */
  static readonly address = '127.0.0.2';
  readonly counters: RelayCounters = { passed: 0, lost: 0 };
  readonly #port: number;
  readonly #host: string;
  readonly #socket: Socket;
  /** A socket a peer, by the peer's address. */
  readonly #peers = new Map<string, Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #losses = { up: new Losses(1), down: new Losses(2) };
  #way: BadWay = {};

  private constructor(port: number, host: string, socket: Socket) {
    this.#port = port;
    this.#host = host;
    this.#socket = socket;
    socket.on('message', (bytes, from) => this.#fromPeer(bytes, from));
  }

  /** In front of the server whose media port is `port` of `host`. A good way, until it is made bad. */
  static async open(port: number, host = '127.0.0.1'): Promise<UdpRelay> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: bufferBytes });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, UdpRelay.address, resolve);
    });
    return new UdpRelay(port, host, socket);
  }

  /** From now on the way is like this. */
  become(way: BadWay): void {
    this.#way = way;
  }

  /** Peers' packets come from other ports from now on, as when they have changed their network. */
  move(): void {
    for (const socket of this.#peers.values()) socket.close();
    this.#peers.clear();
  }

  /** Safe to call twice. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.move();
    if (this.#port !== 0) this.#socket.removeAllListeners('message').close();
  }

  #fromPeer(bytes: Buffer, from: RemoteInfo): void {
    const name = `${from.address}:${from.port}`;
    let socket = this.#peers.get(name);
    if (socket === undefined) {
      socket = createSocket({ type: 'udp4', recvBufferSize: bufferBytes });
      socket.on('message', answer =>
        this.#pass(answer, this.#losses.down, () => this.#socket.send(answer, from.port, from.address)),
      );
      this.#peers.set(name, socket);
    }
    const upstream = socket;
    this.#pass(bytes, this.#losses.up, () => {
      if (this.#peers.get(name) === upstream) upstream.send(bytes, this.#port, this.#host);
    });
  }

  #pass(bytes: Buffer, losses: Losses, send: () => void): void {
    const { isCut = false, lostShare = 0, burstPackets = 1, delayMillis = 0, late } = this.#way;
    if (isCut) return;
    this.counters.passed += 1;
    // Of a connection that opens, DTLS waits a second for each loss; it is the media that is tried here.
    const isMedia = ((bytes[0] ?? 0) & 0xc0) === 0x80;
    if (isMedia && losses.next(lostShare, burstPackets)) {
      this.counters.lost += 1;
      return;
    }
    const millis = delayMillis + (isMedia && late && losses.random() < late.share ? late.millis : 0);
    if (millis === 0) {
      send();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      send();
    }, millis);
    this.#timers.add(timer);
  }
}

/** Gilbert's two states: all is well, or all is lost. */
class Losses {
  #seed: number;
  #isLosing = false;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Whether the next packet is lost. */
  next(share: number, burstPackets: number): boolean {
    const begins = share / (burstPackets * (1 - share));
    this.#isLosing = this.random() < (this.#isLosing ? 1 - 1 / burstPackets : begins);
    return this.#isLosing;
  }

  /** 0 to 1. Mulberry32. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), this.#seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
