import { LivereelError } from '../errors.ts';
import { WhipIngest } from '../ingest/whip-ingest.ts';
import type { Log } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import type { PeerAnswer, WebRtcEngine } from '../webrtc/webrtc-engine.ts';
import type { PublishedSessions } from './data-ingest.ts';

/** Who publishes by WebRTC: peers of the engine on one side, sessions on the other (RFC 9725). */
export class WhipDoor {
  readonly #engine: WebRtcEngine;
  readonly #sessions: PublishedSessions;
  readonly #log: Log;
  readonly #peers = new Map<string, { readonly session: Session; readonly ingest: WhipIngest }>();

  constructor(engine: WebRtcEngine, sessions: PublishedSessions, log: Log) {
    this.#engine = engine;
    this.#sessions = sessions;
    this.#log = log;
  }

  /** Whether a WebRTC peer publishes `session` now. */
  publishes(session: Session): boolean {
    for (const peer of this.#peers.values()) {
      if (peer.session === session && session.isPublishedBy(peer.ingest)) return true;
    }
    return false;
  }

  /**
   * Lets a publisher in. @throws LivereelError `bad-token`, `session-not-found`, `session-ended`, `input-not-supported`,
   * and as the engine.
   */
  async publish(id: string, token: string, offer: string): Promise<PeerAnswer> {
    const session = await this.#sessions.authorize(id, token);
    let peerId: string | null = null;
    let isUnwanted = false;
    let isGone = false;
    const hangUp = () => {
      isUnwanted = true;
      if (peerId !== null) this.#letGo(peerId);
    };
    const ingest = new WhipIngest(session, hangUp, this.#log.child({ sessionId: id }));
    const answer = await this.#engine.publish(id, offer, {
      frame: frame => ingest.frame(frame),
      connected: () => ingest.connected(),
      gone: reason => {
        isGone = true;
        if (peerId !== null) this.#peers.delete(peerId);
        ingest.gone(reason);
      },
    });
    peerId = answer.peerId;
    if (!isGone) this.#peers.set(peerId, { session, ingest });
    // Whoever ended the session while the offer was read ended this as well.
    if (!isGone) ingest.answered();
    if (isUnwanted) {
      this.#letGo(peerId);
      throw new LivereelError('session-ended', 'the session is over; create a new one');
    }
    return answer;
  }

  /** Trickles a fragment to a publisher. @throws LivereelError `bad-token`, `peer-not-found`, and as the engine. */
  async trickle(
    id: string,
    peerId: string,
    token: string,
    fragment: string,
    ifMatch: string | null,
  ): Promise<{ sdp: string; etag: string } | null> {
    await this.#peerOf(id, peerId, token);
    return this.#engine.trickle(peerId, fragment, ifMatch);
  }

  /** A publisher hangs up: its session ends, when it is still its publisher. @throws as `trickle`. */
  async hangUp(id: string, peerId: string, token: string): Promise<void> {
    const { ingest } = await this.#peerOf(id, peerId, token);
    await ingest.end();
    this.#letGo(peerId);
  }

  async #peerOf(id: string, peerId: string, token: string) {
    const peer = this.#peers.get(peerId);
    // A session that is over has no peers: who asks for one of them is told that, not that it is over.
    if (!(await this.#sessions.authorizes(id, token))) await this.#sessions.authorize(id, token);
    if (peer === undefined || peer.session.id !== id) {
      throw new LivereelError('peer-not-found', 'this connection is over; make a new offer');
    }
    return peer;
  }

  #letGo(peerId: string): void {
    if (!this.#peers.delete(peerId)) return;
    void this.#engine.hangUp(peerId).catch(error => this.#log.warn({ err: error }, 'peer not let go'));
  }
}
