import { LivereelError } from '../errors.ts';
import type { Publisher } from '../sessions/publisher.ts';
import type { Session } from '../sessions/session.ts';
import { steadyMillis } from './frame-clock.ts';
import { FrameIngest, type FrameLimits } from './frame-ingest.ts';

/** A script that posts one frame a request: all its requests are one publisher of the session. */
export class FramePoster implements Publisher {
  readonly #session: Session;
  readonly #limits: FrameLimits;
  #frames: FrameIngest;

  private constructor(session: Session, limits: FrameLimits) {
    this.#session = session;
    this.#limits = limits;
    this.#frames = new FrameIngest(session, limits);
  }

  static readonly #posters = new WeakMap<Session, FramePoster>();

  /** The poster of a session. @throws LivereelError `input-not-supported`. */
  static of(session: Session, limits: FrameLimits): FramePoster {
    if (session.input !== 'frames') {
      throw new LivereelError(
        'input-not-supported',
        'this session takes chunks: create one with "input": "frames" for single pictures',
      );
    }
    const poster = FramePoster.#posters.get(session) ?? new FramePoster(session, limits);
    FramePoster.#posters.set(session, poster);
    return poster;
  }

  /** Takes one frame; resolves with how many frames are safe when it is. @throws LivereelError as `FrameIngest.take`. */
  async post(jpeg: Uint8Array, capturedAtMicros: bigint | null): Promise<number> {
    if (!this.#session.isPublishedBy(this)) {
      this.#session.attach(this);
      // Somebody else's frames may have come meanwhile: it goes on behind them.
      this.#frames = new FrameIngest(this.#session, this.#limits);
    }
    try {
      this.#frames.take(jpeg, capturedAtMicros, steadyMillis());
    } finally {
      // It is connected for a moment each time: the reconnect window begins after each frame anew.
      this.#session.rest(this);
    }
    await this.#session.safe();
    return this.#session.safeUnits;
  }

  acknowledged(): void {
    // Each answer tells it.
  }

  // A plain request has no way to be told.
  warned(): void {}

  superseded(): void {
    // The next request takes over again.
  }

  ended(): void {
    // The next request is refused.
  }

  failed(): void {
    // The next request is refused.
  }
}
