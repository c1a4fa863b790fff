import type { SessionAnswer } from '../api/session.ts';
import { SendingMeter, type SendingStats } from './media-stats.ts';
import { Peer } from './peer.ts';
import {
  type IceServer,
  type PeerConnectionClass,
  type PeerConnectionLike,
  peerConnectionClass,
  type SenderLike,
  type StreamLike,
  type TrackLike,
} from './peer-connection-class.ts';
import { PublishError } from './publish-error.ts';
import type { Ended, PublisherState } from './publisher.ts';
import { reachableUrl } from './reachable-url.ts';
import { retryDelayMillis } from './retry-delay.ts';
import { preferCodecs, videoEncodings } from './sent-video.ts';
import { createSession, endSession, type SessionRequest } from './session-api.ts';

export { PublishError } from './publish-error.ts';
export type { Ended, PublisherState } from './publisher.ts';

/** How to publish; everything has a default. */
export type WhipPublisherOptions = {
  /** Which session to create. */
  readonly session?: SessionRequest;
  /** An account's access token, where the server wants one for creating sessions. */
  readonly accessToken?: string;
  /** STUN and TURN servers, where they are known before the server's first answer tells them. */
  readonly iceServers?: readonly IceServer[];
};

const lookMillis = 1_000;
const audioBitsPerSecond = 96_000;
// A publisher that was cut off knows it late, and the server may need a moment to notice too.
const finalStatuses = new Set([400, 401, 403, 404, 405, 406, 409, 410, 415, 422, 501]);
const nothingSent: SendingStats = {
  bitsPerSecond: 0,
  roundTripSeconds: 0,
  framesPerSecond: 0,
  height: 0,
  limitedBy: 'none',
};
const browser = globalThis as { addEventListener?: Listen; removeEventListener?: Listen };
type Listen = (type: string, listener: () => void) => void;

/**
 * Publishes a MediaStream by WHIP (RFC 9725): viewers see it under a tenth of a second later, and what a bad network
 * swallows is gone. Connects again by itself after a loss: by a restart of ICE, then by a new offer, for as long as
 * the server keeps the session.
 *
 * Events: `change` when the state, `stats` or `problem` have changed.
 */
export class WhipPublisher extends EventTarget {
  /** What the server answered when the session was created. */
  readonly session: SessionAnswer;
  readonly #serverUrl: string;
  readonly #connectionClass: PeerConnectionClass;
  readonly #stream: StreamLike;
  readonly #tracks: TrackLike[];
  readonly #meter = new SendingMeter();
  readonly #timer: ReturnType<typeof setInterval>;
  #state: PublisherState = 'connecting';
  #error: PublishError | undefined;
  #problem: string | undefined;
  #stats = nothingSent;
  #peer: Peer | undefined;
  #senders: SenderLike[] = [];
  #iceServers: readonly IceServer[];
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #isEnding = false;

  /** Whether this platform can. */
  static get isSupported(): boolean {
    return peerConnectionClass() !== undefined;
  }

  /**
   * Creates a session and connects to it. `stream`: a MediaStream, which stays the caller's to stop.
   * @throws PublishError `server-unreachable` or the server's refusal; `webrtc-unsupported` without WebRTC.
   */
  static async create(
    serverUrl: string,
    stream: StreamLike,
    options: WhipPublisherOptions = {},
  ): Promise<WhipPublisher> {
    connectionClassOrThrow();
    const request = { ...options.session, input: 'webrtc' as const };
    const session = await createSession(serverUrl, request, options.accessToken);
    return new WhipPublisher(serverUrl, session, stream, options);
  }

  /** Connects to a session that exists. @throws PublishError `webrtc-unsupported` without WebRTC. */
  constructor(
    serverUrl: string,
    session: SessionAnswer,
    stream: StreamLike,
    options: WhipPublisherOptions = {},
  ) {
    super();
    this.#iceServers = options.iceServers ?? [];
    this.#connectionClass = connectionClassOrThrow();
    this.session = session;
    this.#serverUrl = serverUrl;
    this.#stream = stream;
    this.#tracks = stream.getTracks();
    this.#timer = setInterval(() => void this.#look(), lookMillis);
    browser.addEventListener?.('online', this.#onOnline);
    this.#connect();
  }

  get state(): PublisherState {
    return this.#state;
  }

  /** Why the state is `failed`. */
  get error(): PublishError | undefined {
    return this.#error;
  }

  /** What is wrong at the moment, in words, while it is being mended. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** How sending goes, measured once a second. */
  get stats(): SendingStats {
    return this.#stats;
  }

  /** Goes on with another camera, microphone or screen in place of the one of the same kind. */
  async replaceTrack(track: TrackLike): Promise<void> {
    const place = this.#tracks.findIndex(({ kind }) => kind === track.kind);
    if (place === -1) return;
    this.#tracks[place] = track;
    await this.#senders[place]?.replaceTrack(track as never);
  }

  /**
   * Nothing more will come: hangs up and ends the session. Waits for as long as the server is away, `close()` ends
   * the waiting.
   * @throws PublishError when the session failed before.
   */
  async end(): Promise<Ended> {
    this.#isEnding = true;
    clearTimeout(this.#retryTimer);
    await this.#peer?.hangUp();
    const { id, ingestToken } = this.session;
    for (let attempt = 0; !this.#isOver(); attempt += 1) {
      try {
        const { state } = await endSession(this.#serverUrl, id, ingestToken);
        this.#finish('ended');
        return { type: 'ended', id, state };
      } catch (error) {
        if (!isPassing(error as PublishError)) this.#fail(error as PublishError);
        else this.#say((error as PublishError).message);
        await new Promise(resolve => setTimeout(resolve, retryDelayMillis(attempt)));
      }
    }
    if (this.#error !== undefined) throw this.#error;
    return { type: 'ended', id, state: 'processing' };
  }

  /** Lets go now; the server's reconnect window runs. Safe to call twice. */
  close(): void {
    this.#fail(new PublishError('publisher-closed', 'Publishing was stopped here.'));
  }

  #isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'failed';
  }

  #connect(): void {
    const peer: Peer = new Peer(
      {
        url: reachableUrl(this.session.whipUrl, this.#serverUrl),
        token: this.session.ingestToken,
        iceServers: this.#iceServers,
        connectionClass: this.#connectionClass,
        prepare: connection => this.#addTracks(connection),
      },
      {
        connected: () => this.#connected(),
        interrupted: () => this.#interrupted(lostWords),
        lost: error => this.#lost(peer, error),
      },
    );
    this.#peer = peer;
  }

  #addTracks(connection: PeerConnectionLike): void {
    this.#senders = this.#tracks.map(track => {
      const isVideo = track.kind === 'video';
      const sendEncodings = isVideo ? encodingsOf(track) : [{ maxBitrate: audioBitsPerSecond }];
      const direction = { direction: 'sendonly', streams: [this.#stream] };
      const transceiver = connection.addTransceiver(track as never, { ...direction, sendEncodings });
      if (isVideo) preferCodecs(transceiver);
      return transceiver.sender;
    });
  }

  #connected(): void {
    this.#attempts = 0;
    this.#problem = undefined;
    this.#state = 'publishing';
    this.#changed();
  }

  #interrupted(problem: string): void {
    if (this.#state === 'publishing') this.#state = 'reconnecting';
    this.#stats = nothingSent;
    this.#say(problem);
  }

  #lost(peer: Peer, error: PublishError): void {
    peer.close();
    if (this.#isOver() || this.#isEnding || peer !== this.#peer) return;
    // What a relay may still get through.
    const knowsMore = this.#iceServers.length === 0 && peer.iceServers.length > 0;
    this.#iceServers = peer.iceServers;
    const isUnreachable = error.code === 'udp-unreachable' && this.#state === 'connecting';
    if (isUnreachable ? !knowsMore : !isPassing(error)) {
      this.#fail(error);
      return;
    }
    this.#interrupted(error.message);
    const { retryAfterSeconds } = error.facts;
    let delayMillis = isUnreachable ? 0 : retryDelayMillis(this.#attempts);
    if (retryAfterSeconds !== undefined) delayMillis = retryAfterSeconds * 1_000;
    this.#attempts += 1;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), delayMillis);
  }

  async #look(): Promise<void> {
    if (this.#state !== 'publishing' || this.#peer === undefined) return;
    // A connection that is just being closed has none to tell.
    const stats = await this.#meter.look(this.#peer.connection, performance.now()).catch(() => undefined);
    if (stats === undefined || this.#state !== 'publishing') return;
    this.#stats = stats;
    this.#changed();
  }

  readonly #onOnline = (): void => this.#peer?.restart();

  #fail(error: PublishError): void {
    if (this.#isOver()) return;
    this.#error = error;
    this.#finish('failed');
  }

  #finish(state: 'ended' | 'failed'): void {
    this.#state = state;
    this.#problem = undefined;
    this.#stats = nothingSent;
    clearInterval(this.#timer);
    clearTimeout(this.#retryTimer);
    browser.removeEventListener?.('online', this.#onOnline);
    this.#peer?.close();
    this.#peer = undefined;
    this.#changed();
  }

  #say(problem: string): void {
    this.#problem = problem;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

const lostWords = 'The connection to the server is lost. Trying again.';

function encodingsOf(track: TrackLike) {
  const { width = 1_280, height = 720, frameRate = 30 } = track.getSettings?.() ?? {};
  return videoEncodings({ width, height, frameRate });
}

function isPassing({ code, facts }: PublishError): boolean {
  if (code === 'webrtc-failed' || code === 'publisher-closed') return false;
  return facts.status === undefined || !finalStatuses.has(facts.status);
}

function connectionClassOrThrow(): PeerConnectionClass {
  const connectionClass = peerConnectionClass();
  if (connectionClass === undefined)
    throw new PublishError('webrtc-unsupported', 'This browser cannot send by WebRTC. Use another one.');
  return connectionClass;
}
