import { LivereelError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { MediaFrame } from '../rtp/media-frame.ts';
import type { Publisher } from '../sessions/publisher.ts';
import type { Session } from '../sessions/session.ts';
import type { PublishedMedia } from '../webrtc/webrtc-engine.ts';
import { MediaFrameWriter } from './media-frame-writer.ts';

// A publisher of which nothing came for so long has lost its way.
const lostAfterMillis = 2_000;

/**
 * One WebRTC publisher: what the engine gives of it goes into the session (docs/protocol.md, section 3.4). Each begins
 * a stream of its own in the same video. Over when the peer is gone, or the session wants it no more.
 */
export class WhipIngest implements Publisher, PublishedMedia {
  readonly #session: Session;
  readonly #writer: MediaFrameWriter;
  readonly #hangUp: () => void;
  readonly #log: Log;
  #heardAtMillis = Number.NEGATIVE_INFINITY;
  #isOver = false;

  /** `hangUp`: the session wants no more of this publisher. @throws LivereelError `input-not-supported`. */
  constructor(session: Session, hangUp: () => void, log: Log) {
    if (session.input === 'frames') {
      const how = 'create a session with "input": "webrtc" or "chunks" to publish by WebRTC';
      throw new LivereelError('input-not-supported', `this session takes single frames: ${how}`);
    }
    this.#session = session;
    this.#writer = new MediaFrameWriter(session);
    this.#hangUp = hangUp;
    this.#log = log;
  }

  /** The peer has its answer: a session that waits for a publisher has one again. Another one goes on until `connected`. */
  answered(): void {
    if (!this.#session.hasPublisher) this.connected();
  }

  /** Pictures or sound came a moment ago. */
  get isHeard(): boolean {
    return performance.now() - this.#heardAtMillis < lostAfterMillis;
  }

  connected(): void {
    if (this.#isOver || this.#session.isPublishedBy(this)) return;
    try {
      this.#session.attach(this);
    } catch (error) {
      this.#refuse(error);
    }
  }

  frame(frame: MediaFrame): void {
    if (this.#isOver) return;
    this.#heardAtMillis = performance.now();
    if (!this.#session.isPublishedBy(this)) return;
    try {
      this.#writer.take(frame);
      const { newest } = this.#writer;
      if (newest !== null) this.#session.clock.tookIn(newest.streamStart, newest.timeSeconds);
    } catch (error) {
      this.#refuse(error);
    }
  }

  gone(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#log.info({ reason }, 'WebRTC publisher gone');
    this.#session.detach(this, false);
  }

  /** Ends the session, when it is still this one that publishes it and nothing says that its connection was lost. */
  async end(): Promise<void> {
    if (this.#session.isPublishedBy(this) && this.isHeard) await this.#session.end();
    else this.gone('it hung up');
  }

  // The frames' way back is RTCP.
  acknowledged(): void {}

  // A peer has no way to be told.
  warned(): void {}

  superseded(): void {
    this.#letGo('another publisher took over');
  }

  ended(): void {
    this.#letGo('the session is over');
  }

  failed(error: LivereelError): void {
    this.#letGo(error.message);
  }

  #refuse(error: unknown): void {
    const known =
      error instanceof LivereelError
        ? error
        : new LivereelError('internal', 'the server failed', { cause: error });
    if (known.code === 'internal') this.#log.error({ err: error }, 'frames of a WebRTC publisher not taken');
    if (known.code === 'payload-too-large') void this.#session.endBecause(known);
    else this.failed(known);
    this.#session.detach(this, false);
  }

  #letGo(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#log.info({ reason }, 'WebRTC publisher let go');
    this.#hangUp();
  }
}
