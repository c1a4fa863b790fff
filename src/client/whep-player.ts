import { ReceivingMeter } from './media-stats.ts';
import { Peer } from './peer.ts';
import {
  type IceServer,
  type PeerConnectionClass,
  type PeerConnectionLike,
  peerConnectionClass,
  type TrackLike,
} from './peer-connection-class.ts';
import { PublishError } from './publish-error.ts';
import { retryDelayMillis } from './retry-delay.ts';

export { PublishError } from './publish-error.ts';

/**
 * `connecting` until the first picture, `playing`, `reconnecting` while nothing comes through; `failed` and `closed`
 * are for ever.
 */
export type WhepPlayerState = 'connecting' | 'playing' | 'reconnecting' | 'failed' | 'closed';

/** What is used of a video element. */
export interface VideoLike {
  srcObject: unknown;
  readonly readyState: number;
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/** How to play; everything has a default. */
export type WhepPlayerOptions = {
  /** Of a private video. */
  readonly token?: string;
  /** From the start, or from a break, to a picture; after that the player has failed. Default 3. */
  readonly patienceSeconds?: number;
  /** STUN and TURN servers, where they are known before the server's first answer tells them. */
  readonly iceServers?: readonly IceServer[];
};

const defaultPatienceSeconds = 3;
const lookMillis = 500;
// Sound comes fifty times a second, a picture that stands still at least once.
const silenceMillis = 4_000;
const haveCurrentData = 2;

const browser = globalThis as { addEventListener?: Listen; removeEventListener?: Listen };
type Listen = (type: string, listener: () => void) => void;
type SettableStream = {
  getTracks(): TrackLike[];
  addTrack(track: TrackLike): void;
  removeTrack(track: TrackLike): void;
};
type StreamClass = new () => SettableStream;
type ReceivedTrack = {
  readonly track: TrackLike;
  readonly receiver: { jitterBufferTarget?: number | null; playoutDelayHint?: number | null };
};

/**
 * Plays a live video by WHEP (draft-ietf-wish-whep) in a video element, with as little delay as the network lets it.
 * Connects again by itself; when there is no picture for `patienceSeconds` it fails with a reason in words, so that
 * its owner can play the video in another way. What the element shows last stays in it.
 *
 * Events: `change` when the state or the latency may be different.
 */
export class WhepPlayer extends EventTarget {
  readonly #url: string;
  readonly #video: VideoLike;
  readonly #options: WhepPlayerOptions;
  readonly #connectionClass: PeerConnectionClass | undefined = peerConnectionClass();
  readonly #stream: SettableStream;
  readonly #timer: ReturnType<typeof setInterval>;
  #meter = new ReceivingMeter();
  #state: WhepPlayerState = 'connecting';
  #error: PublishError | undefined;
  #peer: Peer | undefined;
  #iceServers: readonly IceServer[];
  #clockOffsetMillis: number | undefined;
  #attempts = 0;
  #isHeld = false;
  #latencySeconds: number | undefined;
  #packets = 0;
  #packetsAtMillis = performance.now();
  #lastError: PublishError | undefined;
  #patienceTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  /** Whether this platform can. */
  static get isSupported(): boolean {
    return peerConnectionClass() !== undefined;
  }

  /** Begins at once. `url`: a video's `whepUrl`; `video`: a video element, whose `srcObject` is set. */
  constructor(url: string, video: VideoLike, options: WhepPlayerOptions = {}) {
    super();
    this.#url = url;
    this.#video = video;
    this.#options = options;
    this.#iceServers = options.iceServers ?? [];
    this.#stream = new (globalThis as unknown as { MediaStream: StreamClass }).MediaStream();
    video.srcObject = this.#stream;
    video.addEventListener('loadeddata', this.#onPicture);
    // Who leaves the page hangs up: the server would go on sending for a while.
    browser.addEventListener?.('pagehide', this.#onLeave);
    this.#timer = setInterval(() => void this.#look(), lookMillis);
    this.#bePatient();
    this.#connect();
  }

  get state(): WhepPlayerState {
    return this.#state;
  }

  /** Why the state is `failed`. */
  get error(): PublishError | undefined {
    return this.#error;
  }

  /** From the server to the eye, measured; undefined while nothing is shown. The way from the publisher comes on top. */
  get latencySeconds(): number | undefined {
    return this.#state === 'playing' ? this.#latencySeconds : undefined;
  }

  /** The server's clock as it is now, milliseconds since 1970; undefined while it has not told. */
  get serverNowMillis(): number | undefined {
    this.#clockOffsetMillis = this.#peer?.clockOffsetMillis ?? this.#clockOffsetMillis;
    return this.#clockOffsetMillis === undefined ? undefined : Date.now() + this.#clockOffsetMillis;
  }

  /** Packets of sound and picture that have come. */
  get packets(): number {
    return this.#packets;
  }

  /** While the publisher is away nothing can come: the player waits, and does not fail. */
  set isHeld(isHeld: boolean) {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#packetsAtMillis = performance.now();
    if (isHeld) clearTimeout(this.#patienceTimer);
    else if (this.#state !== 'playing') this.#bePatient();
  }

  /** Hangs up. `isOver`: the video has ended, which the server knows by itself. Safe to call twice. */
  close(isOver = false): void {
    if (isOver) this.#peer?.close();
    this.#finish('closed');
  }

  #isOver(): boolean {
    return this.#state === 'failed' || this.#state === 'closed';
  }

  #connect(): void {
    if (this.#connectionClass === undefined) {
      this.#fail(unsupported());
      return;
    }
    const peer: Peer = new Peer(
      {
        url: this.#url,
        token: this.#options.token,
        iceServers: this.#iceServers,
        connectionClass: this.#connectionClass,
        prepare: connection => this.#ask(connection),
      },
      {
        connected: () => this.#connected(),
        interrupted: () => this.#interrupted(),
        lost: error => this.#lost(peer, error),
      },
    );
    this.#peer = peer;
  }

  #ask(connection: PeerConnectionLike): void {
    for (const kind of ['video', 'audio'])
      connection.addTransceiver(kind as never, { direction: 'recvonly' });
    connection.ontrack = (({ track, receiver }: ReceivedTrack) => {
      // The browser's own guess errs on the side of smoothness, by a fifth of a second and more.
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
      else receiver.playoutDelayHint = 0;
      // In the same stream: with another one the picture would go dark until the first of the new ones.
      for (const old of this.#stream.getTracks()) {
        if (old.kind === track.kind) this.#stream.removeTrack(old);
      }
      this.#stream.addTrack(track);
    }) as (event: never) => void;
  }

  #connected(): void {
    this.#packetsAtMillis = performance.now();
    if (this.#video.readyState >= haveCurrentData && this.#state === 'reconnecting') this.#onPicture();
  }

  readonly #onPicture = (): void => {
    if (this.#isOver() || this.#peer?.hasConnected !== true) return;
    clearTimeout(this.#patienceTimer);
    this.#attempts = 0;
    this.#state = 'playing';
    this.#changed();
  };

  readonly #onLeave = (): void => this.close();

  #interrupted(): void {
    if (this.#state !== 'playing') return;
    this.#state = 'reconnecting';
    this.#bePatient();
    this.#changed();
  }

  #lost(peer: Peer, error: PublishError): void {
    if (this.#isOver() || peer !== this.#peer) return;
    void peer.hangUp();
    this.#interrupted();
    this.#lastError = error;
    const knewServers = this.#iceServers.length > 0;
    this.#iceServers = peer.iceServers;
    const knowsMore = !knewServers && this.#iceServers.length > 0;
    if (error.code === 'udp-unreachable' ? !knowsMore : !this.#isHeld && isRefusal(error)) {
      this.#fail(error);
      return;
    }
    const delayMillis = knowsMore ? 0 : retryDelayMillis(this.#attempts);
    this.#attempts += 1;
    this.#meter = new ReceivingMeter();
    this.#packets = 0;
    this.#retryTimer = setTimeout(() => this.#connect(), delayMillis);
  }

  async #look(): Promise<void> {
    const peer = this.#peer;
    if (peer?.hasConnected !== true) return;
    // A connection that is just being closed has none to tell.
    const stats = await this.#meter.look(peer.connection).catch(() => undefined);
    if (stats === undefined || this.#isOver() || peer !== this.#peer) return;
    if (stats.packets !== this.#packets) this.#packetsAtMillis = performance.now();
    this.#packets = stats.packets;
    this.#latencySeconds = stats.latencySeconds;
    const silentMillis = performance.now() - this.#packetsAtMillis;
    if (this.#state === 'playing' && !this.#isHeld && silentMillis > silenceMillis) {
      this.#lost(peer, nothingComes());
    }
    this.#changed();
  }

  #bePatient(): void {
    clearTimeout(this.#patienceTimer);
    if (this.#isHeld) return;
    const seconds = this.#options.patienceSeconds ?? defaultPatienceSeconds;
    this.#patienceTimer = setTimeout(() => {
      this.#fail(this.#peer?.unreachable ?? this.#lastError ?? nothingComes());
    }, 1_000 * seconds);
  }

  #fail(error: PublishError): void {
    if (this.#isOver()) return;
    this.#error = error;
    this.#finish('failed');
  }

  #finish(state: 'failed' | 'closed'): void {
    if (this.#isOver()) return;
    this.#state = state;
    clearInterval(this.#timer);
    clearTimeout(this.#patienceTimer);
    clearTimeout(this.#retryTimer);
    this.#video.removeEventListener('loadeddata', this.#onPicture);
    browser.removeEventListener?.('pagehide', this.#onLeave);
    void this.#peer?.hangUp();
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function isRefusal({ code, facts }: PublishError): boolean {
  if (code === 'webrtc-failed') return true;
  const { status } = facts;
  return status !== undefined && status >= 400 && status < 500 && status !== 429;
}

function nothingComes(): PublishError {
  return new PublishError('no-picture', 'The server sent no picture by WebRTC.');
}

function unsupported(): PublishError {
  return new PublishError('webrtc-unsupported', 'This browser cannot play by WebRTC.');
}
