import { LivereelError } from '../errors.ts';
import type { VideoEvents } from '../events/video-events.ts';
import type { PlaybackGate } from '../library/playback-gate.ts';
import type { Credentials } from '../library/video-viewing.ts';
import type { Log } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import type { FeedableStream, PeerAnswer, WebRtcEngine } from '../webrtc/webrtc-engine.ts';
import type { ViewerCounts } from './viewer-counts.ts';
import type { WatchedVideos } from './watched-video.ts';
import type { WhipDoor } from './whip-door.ts';

/** What is watched by WebRTC, and what is needed to know of it. */
export type WhepParts = {
  readonly engine: WebRtcEngine;
  readonly publishers: Pick<WhipDoor, 'publishes'>;
  readonly sessions: { find(id: string): Session | undefined };
  /** Tells when everybody who watches a video is to be looked at anew. */
  readonly gate: Pick<PlaybackGate, 'onShut'>;
  readonly videos: WatchedVideos;
  readonly viewers: ViewerCounts;
  readonly events: VideoEvents;
  readonly log: Log;
};

type Viewer = { readonly id: string; readonly by: Credentials; readonly uncount: () => void };

const retryAfterSeconds = 2;

/** Who watches by WebRTC (draft-ietf-wish-whep). Viewers are let go when the stream is over. */
export class WhepDoor {
  readonly #parts: WhepParts;
  readonly #viewers = new Map<string, Viewer>();
  /** How to stop listening to each video that is watched. */
  readonly #watched = new Map<string, () => void>();

  readonly #stopLooking: () => void;

  constructor(parts: WhepParts) {
    this.#parts = parts;
    this.#stopLooking = parts.gate.onShut(id => void this.#lookAnew(id));
  }

  /**
   * Lets a viewer in; `isCounted`: nothing else counts it. @throws LivereelError `not-found`, `not-live`,
   * `codecs-not-watchable`, and as the engine.
   */
  async view(id: string, by: Credentials, offer: string, isCounted: boolean): Promise<PeerAnswer> {
    const { engine, viewers } = this.#parts;
    const stream = await this.#streamOf(id, by);
    let peerId: string | null = null;
    let isGone = false;
    const answer = await engine.view(id, offer, stream, () => {
      isGone = true;
      if (peerId !== null) this.#forget(peerId);
    });
    peerId = answer.peerId;
    if (!isGone) {
      this.#viewers.set(peerId, { id, by, uncount: isCounted ? viewers.add(id) : () => undefined });
      this.#listen(id);
    }
    return answer;
  }

  /** Trickles a fragment to a viewer. @throws LivereelError `peer-not-found`, and as the engine. */
  async trickle(
    id: string,
    peerId: string,
    fragment: string,
    ifMatch: string | null,
  ): Promise<{ sdp: string; etag: string } | null> {
    this.#require(id, peerId);
    return this.#parts.engine.trickle(peerId, fragment, ifMatch);
  }

  /** A viewer hangs up. @throws LivereelError `peer-not-found`. */
  async hangUp(id: string, peerId: string): Promise<void> {
    this.#require(id, peerId);
    this.#forget(peerId);
    await this.#parts.engine.hangUp(peerId);
  }

  /** Lets all viewers go. */
  close(): void {
    this.#stopLooking();
    for (const peerId of [...this.#viewers.keys()]) this.#forget(peerId);
  }

  /** Who may not watch a video any more is let go. */
  async #lookAnew(id: string): Promise<void> {
    for (const [peerId, viewer] of [...this.#viewers]) {
      if (viewer.id !== id) continue;
      const seen = await this.#parts.videos.find(id, viewer.by).catch(() => undefined);
      if (seen === undefined) this.#letGo(peerId);
    }
  }

  /** What the viewers of a video are fed from; null: its publisher's packets. */
  async #streamOf(id: string, by: Credentials): Promise<FeedableStream | null> {
    const { sessions, videos, publishers } = this.#parts;
    if ((await videos.find(id, by)) === undefined)
      throw new LivereelError('not-found', 'there is no such video');
    const session = sessions.find(id);
    if (session?.state !== 'live') {
      const isComing = session?.state === 'created' || session?.state === 'interrupted';
      throw new LivereelError(
        'not-live',
        'the video is not live now: watch it by HLS',
        isComing ? { retryAfterSeconds } : {},
      );
    }
    if (publishers.publishes(session)) return null;
    return session.feedable();
  }

  /** The stream is over: nothing more will come. */
  #listen(id: string): void {
    if (this.#watched.has(id)) return;
    const { events } = this.#parts;
    const stop = events.listen(id, told => {
      if (told.event !== 'state' || told.data.state === 'live' || told.data.state === 'interrupted') return;
      for (const [peerId, viewer] of [...this.#viewers]) if (viewer.id === id) this.#letGo(peerId);
    });
    this.#watched.set(id, stop);
  }

  #require(id: string, peerId: string): void {
    if (this.#viewers.get(peerId)?.id !== id) {
      throw new LivereelError('peer-not-found', 'this connection is over; make a new offer');
    }
  }

  #letGo(peerId: string): void {
    const { engine, log } = this.#parts;
    this.#forget(peerId);
    void engine.hangUp(peerId).catch(error => log.warn({ err: error }, 'viewer not let go'));
  }

  #forget(peerId: string): void {
    const viewer = this.#viewers.get(peerId);
    if (viewer === undefined) return;
    this.#viewers.delete(peerId);
    viewer.uncount();
    if ([...this.#viewers.values()].some(({ id }) => id === viewer.id)) return;
    this.#watched.get(viewer.id)?.();
    this.#watched.delete(viewer.id);
  }
}
